// A folder of files that tells whether a client and the store agree: empty, small, larger than most clients send in one request, with
// names that must be encoded; and the comparison of two such folders, byte for byte.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

import { KIB, MIB } from '../../../src/base/units.ts'
import { seededBytes } from '../../harness/file-client.ts'

/** Name and size. */
const files: readonly (readonly [string, number])[] = [
  ['empty', 0],
  ['one-byte', 1],
  ['notes.txt', 10 * KIB],
  ['chunk-and-one', 10 * KIB + 1],
  ['photos/2026/a photo with spaces.jpg', 300 * KIB],
  ['photos/2026/größe-ñ-日本語-🙂.jpg', 40 * KIB],
  ["signs/a+b=c&d%20e~f(g)!h'i,j;k@l$m#n.txt", 5 * KIB],
  ['deep/er/and/deeper/file.bin', MIB + 17],
  ['large.bin', 20 * MIB + 12_345],
]

export const sampleNames: readonly string[] = files.map(([name]) => name)

export async function makeSampleTree(folder: string): Promise<void> {
  for (const [index, [name, bytes]] of files.entries()) await putFile(folder, name, seededBytes(index + 1, bytes))
}

export async function putFile(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
}

/** The digest of each file, by its path below the folder, with `/`. */
export async function digestTree(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const digests: [string, string][] = []
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    digests.push([
      relative(folder, path),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ])
  }
  return Object.fromEntries(digests.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

export async function expectSameTrees(actual: string, expected: string): Promise<void> {
  const wanted = await digestTree(expected)
  assert.ok(Object.keys(wanted).length > 0, 'there is something to compare')
  assert.deepEqual(await digestTree(actual), wanted)
}
