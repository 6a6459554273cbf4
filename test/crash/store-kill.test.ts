// kill -9 of a process with a store on the real disk, in the middle of puts, drops, checkpoints and compaction, again and again on one
// directory: after each, a store opened on it holds exactly what the process said was durable.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { SeededRandom } from '../../src/base/random.ts'
import { NodeClock } from '../../src/node/clock.ts'
import { NodeCompute } from '../../src/node/compute.ts'
import { NodeDisk } from '../../src/node/disk.ts'
import { NodeFaults } from '../../src/node/faults.ts'
import { LmdbIndexFactory } from '../../src/node/index-lmdb.ts'
import { NodeRandom } from '../../src/node/random.ts'
import { FragmentStore } from '../../src/store/fragment-store.ts'
import { dataIdNumber, keyOf, payloadOf, type RecordOptions } from '../../src/store/testing/records.ts'
import { CollectingLog } from '../../sim/ports/log.ts'
import { storeOptions, workAndDie } from './store-process.ts'

const kills = 10

/** Contents that a fragment may have; `undefined`: none. More than one where the process was killed before it could say. */
type Allowed = readonly (RecordOptions | undefined)[]

/** What the lines say, from the last `empty` on. */
function stateOf(lines: readonly string[]): ReadonlyMap<number, Allowed> {
  const state = new Map<number, Allowed>()
  for (const line of lines.slice(lines.lastIndexOf('empty') + 1)) {
    const [verb = '', ...numbers] = line.split(' ')
    const [id = 0, seed = 0, payloadBytes = 0] = numbers.map(Number)
    const before = state.get(id) ?? [undefined]
    const content = verb.startsWith('put') ? { dataId: dataIdNumber(id), seed, payloadBytes } : undefined
    state.set(id, verb.endsWith('ing') ? [...before, content] : [content])
  }
  return state
}

async function openStore(directory: string): Promise<FragmentStore> {
  const ports = {
    clock: new NodeClock(),
    random: new NodeRandom(),
    compute: new NodeCompute(),
    disk: new NodeDisk({ directory, faults: new NodeFaults('') }),
    indexes: new LmdbIndexFactory(directory),
    log: new CollectingLog(),
  }
  const store = new FragmentStore(ports, { ...storeOptions, compaction: false })
  await store.open()
  return store
}

function isContent(content: Uint8Array | undefined, options: RecordOptions | undefined): boolean {
  if (content === undefined || options === undefined) return content === options
  return Buffer.compare(content, payloadOf(options)) === 0
}

async function contentOf(store: FragmentStore, options: RecordOptions): Promise<Uint8Array | undefined> {
  if (store.stat(keyOf(options)) === undefined) return undefined
  const read = await store.read(keyOf(options))
  const bytes = read.bytes.slice()
  read.release()
  return bytes
}

describe('A process with a store', () => {
  test(`killed ${kills} times, it lost nothing that it said was durable`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'frostbyte-store-'))
    const random = new SeededRandom(7)
    try {
      for (let kill = 1; kill <= kills; kill++) {
        const lines = await workAndDie(directory, kill, 20 + random.below(800))
        assert.ok(lines.includes('empty'), 'the process came to work')
        const store = await openStore(directory)
        for (const [id, allowed] of stateOf(lines)) {
          const content = await contentOf(store, { dataId: dataIdNumber(id) })
          const isAllowed = allowed.some((options) => isContent(content, options))
          assert.ok(isAllowed, `kill ${kill}: fragment ${id}`)
        }
        assert.equal(store.usage().damaged, 0)
        await store.close()
      }
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})
