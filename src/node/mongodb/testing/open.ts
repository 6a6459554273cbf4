// A MongoKeyValue over a server in memory.

import { SeededRandom } from '../../../base/random.ts'
import type { Clock } from '../../../ports/clock.ts'
import { CollectingLog } from '../../../../sim/ports/log.ts'
import { SimulatedRandom } from '../../../../sim/ports/random.ts'
import { NodeClock } from '../../clock.ts'
import { MongoKeyValue } from '../mongo-key-value.ts'
import { MemoryRowServer } from './memory-row-server.ts'
import type { Faults, MemoryStore } from './memory-row-server.ts'

let instances = 0

export interface OpenedMap {
  readonly map: MongoKeyValue
  readonly server: MemoryRowServer
  readonly session: string
}

export async function openInMemory(
  store: MemoryStore,
  { faults = {}, clock = new NodeClock() }: { readonly faults?: Faults; readonly clock?: Clock } = {},
): Promise<OpenedMap> {
  const server = new MemoryRowServer(store, faults)
  const id = `instance-${++instances}`
  const session = `session-${instances}`
  const random = new SimulatedRandom(new SeededRandom(instances))
  const map = await MongoKeyValue.open({ server, clock, random, log: new CollectingLog() }, { id, session })
  server.calls.length = 0
  return { map, server, session }
}
