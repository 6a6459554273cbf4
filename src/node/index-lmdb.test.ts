import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { SeededRandom } from '../base/random.ts'
import { indexConformance } from '../../test/conformance/index-store.ts'
import { LmdbIndexFactory } from './index-lmdb.ts'

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'frostbyte-index-'))
  try {
    await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

indexConformance('LmdbIndex', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'frostbyte-index-'))
  return {
    factory: new LmdbIndexFactory(directory),
    cleanUp: () => rm(directory, { recursive: true, force: true }),
  }
})

describe('LmdbIndex', () => {
  test('a file that is no database is damaged, and opens again once removed', () =>
    withDirectory(async (directory) => {
      await mkdir(join(directory, 'index'))
      await writeFile(join(directory, 'index', 'data.mdb'), new Uint8Array(65_536).fill(7))
      const factory = new LmdbIndexFactory(directory)
      assert.equal(await factory.open('index'), 'damaged')
      await factory.remove('index')
      const index = await factory.open('index')
      assert.ok(typeof index === 'object')
      assert.equal(index.count(), 0)
      await index.close()
    }))

  test('a file that was cut off is damaged', () =>
    withDirectory(async (directory) => {
      const factory = new LmdbIndexFactory(directory)
      const index = await factory.open('index')
      assert.ok(typeof index === 'object')
      const value = new Uint8Array(4096)
      for (let round = 0; round < 100; round++) await index.checkpoint([[Uint8Array.of(1, round), value]])
      await index.close()
      for (const length of [16_384, 5000, 10]) {
        await truncate(join(directory, 'index', 'data.mdb'), length)
        assert.equal(await factory.open('index'), 'damaged')
      }
    }))

  test('a fragment takes at most 80 bytes where 50 groups grow at their ends', () =>
    withDirectory(async (directory) => {
      const index = await new LmdbIndexFactory(directory).open('index')
      assert.ok(typeof index === 'object')
      const random = new SeededRandom(3)
      const count = 65_536
      const perCheckpoint = 8192
      for (let first = 0; first < count; first += perCheckpoint) {
        const changes: (readonly [Uint8Array, Uint8Array])[] = []
        for (let at = first; at < first + perCheckpoint; at++) {
          const key = random.bytes(25)
          const view = new DataView(key.buffer)
          view.setUint32(0, 1 + (at % 50))
          view.setUint32(4, at >>> 1)
          changes.push([key, random.bytes(24)])
        }
        await index.checkpoint(changes)
      }
      assert.equal(index.count(), count)
      await index.close()
      const { size } = await stat(join(directory, 'index', 'data.mdb'))
      // Pages of older checkpoints that are free to be used again are not the fragments'.
      const freeBytes = 2 * perCheckpoint * 80
      assert.ok((size - freeBytes) / count <= 80, `${size / count} bytes a fragment`)
    }))
})
