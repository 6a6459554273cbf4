import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostError } from '../base/errors.ts'
import { logConformance } from '../../test/conformance/log.ts'
import { createLogTo } from './log.ts'
import type { LogOptions, NodeLog } from './log.ts'

function collect(options: LogOptions): { readonly log: NodeLog; readonly lines: string[] } {
  const lines: string[] = []
  return { log: createLogTo({ write: (line) => lines.push(line), flushSync: () => {} }, options), lines }
}

logConformance('NodeLog', () => {
  const { log, lines } = collect({ level: 'debug' })
  return {
    log,
    lines: () =>
      lines.map((line) => {
        const values = JSON.parse(line) as Record<string, unknown>
        return { level: String(values['level']), message: String(values['message']), values }
      }),
  }
})

describe('NodeLog', () => {
  test('a line below the level is not written', () => {
    const { log, lines } = collect({ level: 'warn' })
    log.debug('no')
    log.info('no')
    log.with({ worker: 'w' }).info('no')
    log.warn('yes')
    assert.equal(lines.length, 1)
  })

  test('a field whose name sounds like a secret is not written', () => {
    const { log, lines } = collect({})
    log.info('started', { clusterSecret: 'hunter2', rootPassword: 'hunter2', port: 8080 })
    assert.ok(!lines.join('').includes('hunter2'))
    assert.ok(lines.join('').includes('8080'))
  })

  test('a field with the name of a part of the line does not hide it', () => {
    const { log, lines } = collect({})
    log.info('real', { message: 'false', level: 'false', time: 0 })
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>
    assert.equal(line['message'], 'real')
    assert.equal(line['level'], 'info')
    assert.equal(line['message_'], 'false')
  })

  test('for people an event is one line, and an error shows its stack and causes', () => {
    const { log, lines } = collect({ human: true, fields: { node: 'w1' } })
    log.info('A put arrived.', { bytes: 10, name: 'two words\nand a line' })
    log.error('A disk failed.', new FrostError('disk-failed', 'no more', { cause: new Error('EIO') }))
    assert.match(
      lines[0] ?? '',
      /^\d\d:\d\d:\d\d\.\d{3} INFO  A put arrived\. node=w1 bytes=10 name="two words\\nand a line"\n$/,
    )
    assert.match(
      lines[1] ?? '',
      /ERROR A disk failed\. node=w1 code=disk-failed\nFrostError: no more\n[^]*because: Error: EIO\n$/,
    )
  })
})
