import assert from 'node:assert/strict'
import { test } from 'node:test'

import { errorCode } from '../../src/base/errors.ts'
import { logConformance } from '../../test/conformance/log.ts'
import { CollectingLog } from './log.ts'

logConformance('CollectingLog', () => {
  const log = new CollectingLog()
  return {
    log,
    lines: () =>
      log.entries.map(({ level, message, error, fields }) => ({
        level,
        message,
        values: { ...fields, code: errorCode(error), error: error instanceof Error ? error.message : error },
      })),
  }
})

test('a log that is never looked at stays bounded', () => {
  const log = new CollectingLog({ entriesMax: 10 })
  for (let index = 0; index < 100; index++) log.info('again', { index })
  assert.ok(log.entries.length <= 10)
  assert.equal(log.entries.at(-1)?.fields['index'], 99)
})
