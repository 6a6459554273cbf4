import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { errorCode, FrostError } from '../base/errors.ts'
import { decodeBackup, encodeBackup, readBackupFile, writeBackupFile } from './backup-file.ts'

const key = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const entries = fc.array(fc.tuple(key, fc.uint8Array({ maxLength: 60 })), { maxLength: 20 })

function codeOf(run: () => unknown): unknown {
  try {
    run()
    return 'none'
  } catch (error) {
    assert.ok(error instanceof FrostError, String(error))
    return error.code
  }
}

describe('a backup as text', () => {
  test('gives back every row byte by byte', () => {
    fc.assert(
      fc.property(entries, (rows) => {
        assert.deepEqual(
          decodeBackup(encodeBackup(rows, 0)).map(([name, value]) => [name, [...value]]),
          rows.map(([name, value]) => [name, [...value]]),
        )
      }),
    )
  })

  test('is refused where any character is another one, or missing', () => {
    const text = encodeBackup([['\x02default', new Uint8Array([1, 2, 3])]], 0)
    fc.assert(
      fc.property(fc.nat(text.length - 2), fc.boolean(), (at, isCut) => {
        const changed = isCut ? text.slice(0, at) : `${text.slice(0, at)}~${text.slice(at + 1)}`
        assert.match(String(codeOf(() => decodeBackup(changed))), /^(store-corrupt|format-unsupported)$/)
      }),
      { numRuns: 500 },
    )
  })

  test('is refused with an error of ours, whatever the text is', () => {
    const line = fc.oneof(fc.string(), fc.json(), fc.constant('{"format":"frostbyte-metadata","version":1}'))
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        assert.match(String(codeOf(() => decodeBackup(lines.join('\n')))), /^(store-corrupt|format-unsupported)$/)
      }),
    )
  })
})

describe('a backup as a file', () => {
  test('is there whole, for its owner alone, and never replaces another one', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'frostbyte-backup-'))
    try {
      const path = join(directory, 'backup')
      await writeBackupFile(path, 'text\n')
      assert.equal(await readBackupFile(path), 'text\n')
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      assert.equal(await writeBackupFile(path, 'other\n').then(() => 'none', errorCode), 'precondition-failed')
      assert.equal(await readBackupFile(path), 'text\n')
      assert.deepEqual(await readdir(directory), ['backup'])
      assert.equal(await readBackupFile(`${path}-2`).then(() => 'none', errorCode), 'config-invalid')
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})
