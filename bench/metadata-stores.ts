// What file operations cost in metadata on each store: `npx node bench/metadata-stores.ts [seconds a row]` prints a table of rates and
// latencies at 1, 16 and 64 clients, on LMDB and on the MongoDB that FROSTBYTE_METADATA_URL names (its database should be a new one).
// `FROSTBYTE_BENCH_NOTE` says below the table what that server is.

import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'

import { CollectingLog } from '../sim/ports/log.ts'
import { FrostError } from '../src/base/errors.ts'
import { KeyValueMetadata, LocalRunner } from '../src/meta/key-value-metadata.ts'
import { NodeClock } from '../src/node/clock.ts'
import { LmdbKeyValue } from '../src/node/lmdb-key-value.ts'
import { openMongodb } from '../src/node/mongodb/open-mongodb.ts'
import { NodeRandom } from '../src/node/random.ts'
import { Scene } from '../test/conformance/metadata/scene.ts'

const rowMs = Number(process.argv[2] ?? 4) * 1_000
const clientCounts = [1, 16, 64]
const url = process.env['FROSTBYTE_METADATA_URL']

interface Store {
  readonly name: string
  readonly scene: Scene
  /** Commands sent to the server since the last call; `undefined`: there is none. */
  readonly takeCommands: () => number | undefined
}

async function openLmdb(directory: string): Promise<Store> {
  const keyValue = await LmdbKeyValue.open({
    file: join(directory, 'metadata.mdb'),
    onFailure: (error) => {
      throw error
    },
  })
  await keyValue.claim()
  const scene = new Scene(new KeyValueMetadata(keyValue, new LocalRunner(keyValue)))
  return { name: 'LMDB', scene, takeCommands: () => undefined }
}

async function openMongo(of: string): Promise<Store> {
  let commands = 0
  const ports = { clock: new NodeClock(), random: new NodeRandom(), log: new CollectingLog() }
  const keyValue = await openMongodb(ports, {
    url: of,
    initiateReplicaSet: false,
    client: { monitorCommands: true },
    onClient: (client) => {
      client.on('commandStarted', () => {
        commands += 1
      })
    },
  })
  const scene = new Scene(new KeyValueMetadata(keyValue, new LocalRunner(keyValue, { gathersRecent: false })))
  const takeCommands = (): number => {
    const taken = commands
    commands = 0
    return taken
  }
  return { name: 'MongoDB', scene, takeCommands }
}

/** Runs one operation from so many clients at once, each one after the other, and prints its row; what the store refused is counted. */
async function row(
  store: Store,
  operation: string,
  clients: number,
  body: (index: number) => Promise<unknown>,
): Promise<void> {
  const times: number[] = []
  let next = 0
  let failed = 0
  store.takeCommands()
  const startedMs = performance.now()
  const endMs = startedMs + rowMs
  const client = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const sinceMs = performance.now()
      try {
        await body(next++)
        times.push(performance.now() - sinceMs)
      } catch (error) {
        // A store that cannot keep up says so, and its row too.
        if (!(error instanceof FrostError)) throw error
        failed++
      }
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  const seconds = (performance.now() - startedMs) / 1_000
  const commands = store.takeCommands()
  const sorted = times.toSorted((left, right) => left - right)
  const at = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(1)
  const each = commands === undefined ? '–' : (commands / times.length).toFixed(2)
  const rate = `${Math.round(times.length / seconds)}${failed === 0 ? '' : ` (${failed} failed)`}`
  process.stdout.write(`| ${store.name} | ${operation} | ${clients} | ${rate} | ${at(0.5)} | ${at(0.99)} | ${each} |\n`)
}

async function benchStore(store: Store): Promise<void> {
  const { scene } = store
  await scene.open()
  for (const clients of clientCounts) {
    const prefix = `bench-${clients}`
    let written = 0
    await row(store, 'commit of a new file', clients, async (index) => {
      await scene.put(`${prefix}/${index}`)
      written = Math.max(written, index)
    })
    await row(store, 'look-up of a file', clients, async (index) => {
      await scene.store.getHead('default', `${prefix}/${index % (written + 1)}`)
    })
    await row(store, 'page of up to 1,000 names', clients, async () => {
      await scene.store.listNames({ bucket: 'default', prefix: `${prefix}/`, limit: 1_000 })
    })
    await row(store, 'overwrite', clients, async (index) => {
      await scene.put(`${prefix}/${index % (written + 1)}`)
    })
  }
  await scene.store.close()
}

const directory = await mkdtemp(join(tmpdir(), 'frostbyte-metadata-'))
try {
  process.stdout.write(`${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node.js ${process.version}\n\n`)
  process.stdout.write('| store | operation | clients | a second | median ms | p99 ms | commands each |\n')
  process.stdout.write('| --- | --- | --- | --- | --- | --- | --- |\n')
  await benchStore(await openLmdb(directory))
  if (url === undefined) process.stdout.write('\nFROSTBYTE_METADATA_URL names no MongoDB.\n')
  else await benchStore(await openMongo(url))
  const note = process.env['FROSTBYTE_BENCH_NOTE']
  if (note !== undefined) process.stdout.write(`\n${note}\n`)
} finally {
  await rm(directory, { recursive: true })
}
