import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { makeVersionId } from '../../../base/ids.ts'
import type { VersionEntry } from '../../../meta/contract/version-metadata.ts'
import { decodeProgress, encodeProgress } from './scan-progress.ts'
import { walkVersions } from './version-walk.ts'
import type { HeldVersion, WalkedVersion } from './version-walk.ts'

/** Versions of each key, newest first: the newer, the later. */
function listing(keys: Readonly<Record<string, number>>): readonly VersionEntry[] {
  return Object.entries(keys).flatMap(([key, count]) =>
    Array.from({ length: count }, (_, index): VersionEntry => {
      const modifiedMs = 1000 * (count - index)
      const version = makeVersionId(modifiedMs, new Uint8Array(10))
      return {
        key,
        version,
        modifiedMs,
        sizeBytes: 1,
        crc32: 0,
        isLatest: index === 0,
        isMarker: false,
        isVersioned: true,
      }
    }),
  )
}

function walkAll(entries: readonly VersionEntry[], cuts: readonly number[]): readonly WalkedVersion[] {
  const ends = [...new Set(cuts.map((cut) => cut % (entries.length + 1)))].toSorted((left, right) => left - right)
  const walked: WalkedVersion[] = []
  let held: HeldVersion | undefined
  let from = 0
  for (const end of [...ends, entries.length]) {
    const page = walkVersions(held, entries.slice(from, end), end === entries.length)
    walked.push(...page.versions)
    held = page.held
    from = end
  }
  return walked
}

describe('a walk over versions', () => {
  test('says of each what lies above it, and whether it is alone', () => {
    const walked = walkVersions(undefined, listing({ a: 3, b: 1 }), true)
    assert.deepEqual(
      walked.versions.map(({ key, isLatest, noncurrentSinceMs, newerNoncurrentCount, isOnlyVersion }) => [
        key,
        isLatest,
        noncurrentSinceMs,
        newerNoncurrentCount,
        isOnlyVersion,
      ]),
      [
        ['a', true, undefined, 0, false],
        ['a', false, 3000, 0, false],
        ['a', false, 2000, 1, false],
        ['b', true, undefined, 0, true],
      ],
    )
    assert.equal(walked.doneKey, 'b')
    assert.equal(walked.held, undefined)
  })

  test('holds the last one of a page back, whose key is not done', () => {
    const page = walkVersions(undefined, listing({ a: 1, b: 2 }), false)
    assert.deepEqual(
      page.versions.map(({ key }) => key),
      ['a', 'b'],
    )
    assert.equal(page.doneKey, 'a')
    assert.equal(page.held?.entry.key, 'b')
  })

  test('says the same wherever the pages end', () => {
    const keys = fc.dictionary(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 6 }), {
      maxKeys: 6,
      noNullPrototype: true,
    })
    fc.assert(
      fc.property(keys, fc.array(fc.nat(40), { maxLength: 8 }), (given, cuts) => {
        const entries = listing(given)
        assert.deepEqual(walkAll(entries, cuts), walkVersions(undefined, entries, true).versions)
      }),
    )
  })
})

describe('the progress of a scan', () => {
  test('is read as it was written', () => {
    const progress = { day: 3, isDone: false, phase: 'versions', after: 'ä\u0000/"' } as const
    assert.deepEqual(decodeProgress(encodeProgress(progress)), progress)
    assert.equal(decodeProgress(undefined), undefined)
  })

  test('begins anew where what is stored is not understood', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const read = decodeProgress(bytes)
          assert.ok(read === undefined || typeof read.day === 'number')
        },
      ),
    )
    assert.equal(decodeProgress(Buffer.from('{"version":2,"day":1,"isDone":true,"phase":"versions"}')), undefined)
  })
})
