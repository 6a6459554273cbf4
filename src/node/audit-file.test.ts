import assert from 'node:assert/strict'
import { mkdtempDisposable, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { CollectingLog } from '../../sim/ports/log.ts'
import type { AuditEntry } from '../ports/audit.ts'
import { AuditFile } from './audit-file.ts'
import { formatAuditLine } from './audit-line.ts'

const entry: AuditEntry = {
  wallMs: Date.UTC(2026, 0, 31),
  requestId: 'r-1',
  decision: 'refused',
  action: 'file:write',
  bucket: 'default',
  key: 'a',
  user: 'alice',
  credential: 'token',
  credentialId: '0123456789abcdef',
  address: '127.0.0.1',
  reason: 'role reader',
}

async function linesIn(directory: string): Promise<readonly string[]> {
  const names = (await readdir(directory)).toSorted()
  const texts = await Promise.all(names.map(async (name) => readFile(join(directory, name), 'utf8')))
  return texts.join('').split('\n').slice(0, -1)
}

describe('a line of the audit log', () => {
  test('has its fields in one order, null for what is not known', () => {
    assert.equal(
      formatAuditLine({ ...entry, user: undefined, bucket: undefined }),
      '{"time":"2026-01-31T00:00:00.000Z","requestId":"r-1","decision":"refused","action":"file:write","user":null,' +
        '"credential":"token","credentialId":"0123456789abcdef","address":"127.0.0.1","bucket":null,"key":"a",' +
        '"reason":"role reader"}',
    )
  })

  test('is one line and means what was said, whatever a client sends', () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'a\n{"decision":"allowed"}',
        '\u001B[2J',
        '\u2028',
        '\u202Eevil',
        '\u0085',
        '","decision":"allowed',
      ),
    )
    fc.assert(
      fc.property(nasty, nasty, nasty, (key, bucket, credentialId) => {
        const line = formatAuditLine({ ...entry, key, bucket, credentialId })
        assert.doesNotMatch(line, /[\p{C}\p{Zl}\p{Zp}]/u)
        const back: unknown = JSON.parse(line)
        assert.deepEqual(
          { ...(back as object) },
          { ...(JSON.parse(formatAuditLine(entry)) as object), key, bucket, credentialId },
        )
      }),
    )
  })
})

describe('the audit log', () => {
  test('keeps every line in order, for its owner alone', async () => {
    await using place = await mkdtempDisposable(join(tmpdir(), 'frostbyte-audit-'))
    const directory = join(place.path, 'audit')
    const audit = new AuditFile({ directory, process: 'p1', totalBytesMax: 1_000_000, log: new CollectingLog() })
    for (let index = 0; index < 500; index++) audit.write({ ...entry, requestId: String(index) })
    await audit.close()
    await audit.close()
    const ids = (await linesIn(directory)).map((line) => (JSON.parse(line) as { requestId: string }).requestId)
    assert.deepEqual(
      ids,
      Array.from({ length: 500 }, (_, index) => String(index)),
    )
  })

  test('goes on in new files, and the oldest go, also those of former starts', async () => {
    await using place = await mkdtempDisposable(join(tmpdir(), 'frostbyte-audit-'))
    const directory = place.path
    await writeFile(join(directory, 'audit-20200101T000000000Z-000001-old.jsonl'), 'x'.repeat(20_000))
    await writeFile(join(directory, 'other.txt'), 'stays')
    const audit = new AuditFile({ directory, process: 'p1', totalBytesMax: 20_000, log: new CollectingLog() })
    for (let index = 0; index < 200; index++) {
      audit.write({ ...entry, requestId: String(index) })
    }
    await audit.close()
    const names = await readdir(directory)
    assert.ok(names.includes('other.txt') && !names.some((name) => name.includes('old')))
    const sizes = await Promise.all(names.map(async (name) => (await readFile(join(directory, name))).length))
    assert.ok(names.length > 3 && sizes.reduce((sum, size) => sum + size, 0) <= 25_000, String(sizes))
    assert.match((await linesIn(directory)).at(-1) ?? '', /"requestId":"199"/)
  })

  test('keeps its files in order when the clock is set back', async (t) => {
    await using place = await mkdtempDisposable(join(tmpdir(), 'frostbyte-audit-'))
    let nowMs = Date.UTC(2026, 0, 31)
    t.mock.method(Date, 'now', () => {
      nowMs -= 1_000
      return nowMs
    })
    const audit = new AuditFile({
      directory: place.path,
      process: 'p1',
      totalBytesMax: 20_000,
      log: new CollectingLog(),
    })
    for (let index = 0; index < 200; index++) audit.write({ ...entry, requestId: String(index) })
    await audit.close()
    const ids = (await linesIn(place.path)).map((line) => Number((JSON.parse(line) as { requestId: string }).requestId))
    assert.deepEqual(
      ids,
      Array.from({ length: ids.length }, (_, index) => 200 - ids.length + index),
    )
  })

  test('says what it lost, once it can write again', async () => {
    await using place = await mkdtempDisposable(join(tmpdir(), 'frostbyte-audit-'))
    const blocked = join(place.path, 'file')
    await writeFile(blocked, '')
    const log = new CollectingLog()
    const directory = join(blocked, 'audit')
    const audit = new AuditFile({ directory, process: 'p1', totalBytesMax: 1_000_000, log })
    audit.write(entry)
    audit.write(entry)
    await audit.close()
    assert.ok(log.entries.some(({ message }) => message === 'The audit log cannot be written.'))
    await rm(blocked)
    audit.write({ ...entry, requestId: 'after' })
    await audit.close()
    const [lost = '', after = ''] = await linesIn(directory)
    assert.equal((JSON.parse(lost) as { lost: number }).lost, 2)
    assert.match(after, /"after"/)
    assert.equal((await stat(directory)).mode & 0o777, 0o700)
  })
})
