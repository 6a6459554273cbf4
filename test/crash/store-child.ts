// A process with a store on a real directory, which puts and drops without end and says after each what is durable now: one line,
// written with one synchronous call, so that nothing that was said is lost with the process.
//   putting ID SEED BYTES · put ID SEED BYTES · dropping ID · drop ID

import { writeSync } from 'node:fs'

import { SeededRandom } from '../../src/base/random.ts'
import { NodeClock } from '../../src/node/clock.ts'
import { NodeCompute } from '../../src/node/compute.ts'
import { NodeDisk } from '../../src/node/disk.ts'
import { NodeFaults } from '../../src/node/faults.ts'
import { LmdbIndexFactory } from '../../src/node/index-lmdb.ts'
import { NodeRandom } from '../../src/node/random.ts'
import { FragmentStore } from '../../src/store/fragment-store.ts'
import { dataIdNumber, groupId, makeRecord } from '../../src/store/testing/records.ts'
import { CollectingLog } from '../../sim/ports/log.ts'
import { storeOptions } from './store-process.ts'

const [directory = '', seed = '1'] = process.argv.slice(2)
const disk = new NodeDisk({ directory, faults: new NodeFaults('') })
const ports = {
  clock: new NodeClock(),
  random: new NodeRandom(),
  compute: new NodeCompute(),
  disk,
  indexes: new LmdbIndexFactory(directory),
  log: new CollectingLog(),
}
const store = new FragmentStore(ports, storeOptions)
await store.open()
writeSync(1, 'ready\n')

const random = new SeededRandom(Number(seed))
const held = new Set<number>()

async function work(lane: number): Promise<void> {
  for (;;) {
    const id = lane + 8 * random.below(50)
    if (held.has(id)) {
      writeSync(1, `dropping ${id}\n`)
      await store.drop(groupId(1), [dataIdNumber(id)])
      held.delete(id)
      writeSync(1, `drop ${id}\n`)
    } else {
      const payloadBytes = random.below(4) === 0 ? 66_000 + random.below(200_000) : random.below(20_000)
      const content = 1 + random.below(1_000_000)
      writeSync(1, `putting ${id} ${content} ${payloadBytes}\n`)
      await store.put(makeRecord({ dataId: dataIdNumber(id), seed: content, payloadBytes }))
      held.add(id)
      writeSync(1, `put ${id} ${content} ${payloadBytes}\n`)
    }
  }
}

for (const name of store.list({ group: groupId(1), limit: 10_000 })) {
  await store.drop(groupId(1), [name.key.dataId])
}
writeSync(1, 'empty\n')
await Promise.all(Array.from({ length: 8 }, (_, lane) => work(lane)))
