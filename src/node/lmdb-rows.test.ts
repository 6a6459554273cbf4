import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { errorCode } from '../base/errors.ts'
import { LmdbKeyValue } from './lmdb-key-value.ts'

const open = (file: string): Promise<LmdbKeyValue> =>
  LmdbKeyValue.open({ file, onFailure: (error) => assert.fail(String(error)) })

test('a damaged row is an error, and never an answer', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'frostbyte-'))
  try {
    const file = join(directory, 'map.mdb')
    const before = await open(file)
    await before.claim()
    const row = Buffer.from('a row that is easily found')
    await before.decide(() => ({
      changes: [
        ['key', row],
        ['other', Buffer.from('fine')],
      ],
      result: undefined,
    }))
    await before.close()
    const bytes = await readFile(file)
    for (let at = bytes.indexOf(row); at >= 0; at = bytes.indexOf(row, at + 1)) bytes.write('X', at + 3)
    await writeFile(file, bytes)
    const after = await open(file)
    const isCorrupt = (error: unknown): boolean => errorCode(error) === 'store-corrupt'
    assert.throws(() => after.view().get('key'), isCorrupt)
    assert.throws(() => after.view().range({ from: 'a', to: 'z', limit: 9 }), isCorrupt)
    assert.equal(after.view().get('other')?.length, 4)
    await after.close()
  } finally {
    await rm(directory, { recursive: true })
  }
})
