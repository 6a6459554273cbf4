// Holds docs/reference/errors.md to the one table of error codes in src/base/errors.ts, in both directions.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { errorTable } from '../../../src/base/errors.ts'

const document = readFileSync(join(import.meta.dirname, '../../../docs/reference/errors.md'), 'utf8')

test('docs/reference/errors.md lists every code with its status, its retry and its title, in the order of the table', () => {
  const rows = document.split('\n').filter((line) => line.startsWith('| `'))
  const expected = Object.entries(errorTable).map(
    ([code, { status, retry, title }]) => `| \`${code}\` | ${status} | ${retry} | ${title} |`,
  )
  assert.deepEqual(rows, expected, 'Remedy: correct the table of docs/reference/errors.md')
})
