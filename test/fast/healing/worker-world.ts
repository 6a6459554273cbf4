// Real workers on simulated machines, and a master's links to them, without a master: what a master would ask of workers is asked here.

import { SeededRandom } from '../../../src/base/random.ts'
import { assert, defined } from '../../../src/base/assert.ts'
import { clusterIdFromBytes, makeDataId, parseEpoch, parseGroupId, processIdFromBytes } from '../../../src/base/ids.ts'
import type { DataId, WorkerId } from '../../../src/base/ids.ts'
import type { Scheme } from '../../../src/base/scheme.ts'
import { MIB } from '../../../src/base/units.ts'
import type { PlacementGroup } from '../../../src/cluster/placement-group.ts'
import { BlockLayout, encodeBlock } from '../../../src/codec/block.ts'
import { ErasureCoder } from '../../../src/codec/erasure-coder.ts'
import { BlockGeometry, slotOf } from '../../../src/codec/geometry.ts'
import type { WorkerLink } from '../../../src/master/worker-link.ts'
import { ConnectedWorkers } from '../../../src/master/worker-links.ts'
import { FixedBodyPool } from '../../../src/rpc/body-pool.ts'
import { connectPeer } from '../../../src/rpc/connect.ts'
import type { RebuildFragment, RebuildRequest } from '../../../src/rpc/messages/rebuild.ts'
import type { StoreOptions } from '../../../src/store/contract.ts'
import { VirtualTime } from '../../../sim/ports/clock.ts'
import { SimulatedCompute } from '../../../sim/ports/compute.ts'
import { CollectingLog } from '../../../sim/ports/log.ts'
import { SimulatedNetwork } from '../../../sim/ports/network.ts'
import { SimulatedRandom } from '../../../sim/ports/random.ts'
import { WorkerNode } from '../../../sim/worker-node.ts'

export const scheme: Scheme = { dataColumns: 3, parityColumns: 2 }
const epoch = defined(parseEpoch(1), 'epoch')
const chunkSizeBytes = 64
const coder = new ErasureCoder({ memoryBytes: 4 * MIB })
export const callOptions = { deadlineMs: 60_000 }

/** One block as it is stored: each column's record. */
export interface StoredBlock {
  readonly dataId: DataId
  readonly block: number
  readonly geometry: BlockGeometry
  readonly records: ReadonlyMap<number, Uint8Array>
}

export class WorkerWorld {
  readonly time = new VirtualTime()
  readonly random: SeededRandom
  readonly log = new CollectingLog()
  readonly network: SimulatedNetwork
  readonly workers: readonly WorkerNode[]
  readonly secret: Uint8Array
  readonly #links: ConnectedWorkers
  #ids = 0

  constructor(options: { readonly workers: number; readonly seed?: number; readonly store?: StoreOptions }) {
    this.random = new SeededRandom(options.seed ?? 1)
    const { time, log } = this
    this.network = new SimulatedNetwork({ clock: time.createClock(), random: new SimulatedRandom(this.random) })
    this.secret = this.random.bytes(32)
    const { network } = this
    this.workers = Array.from(
      { length: options.workers },
      (_, index) =>
        new WorkerNode(
          { time, network, log, random: this.random.fork() },
          { host: `w${index}`, masters: [], secret: this.secret, store: options.store ?? {} },
        ),
    )
    const times = { suspectAfterMs: 1e9, downAfterMs: 1e9 }
    this.#links = new ConnectedWorkers({ clock: time.createClock(), times, groupNow: () => this.group() })
  }

  static async start(options: ConstructorParameters<typeof WorkerWorld>[0]): Promise<WorkerWorld> {
    const world = new WorkerWorld(options)
    for (const node of world.workers) await world.run(node.start())
    for (let index = 0; index < options.workers; index++) await world.connect(index)
    return world
  }

  /** Connects to a worker that runs. */
  async connect(index: number): Promise<void> {
    const peer = await this.run(
      connectPeer(
        {
          ports: {
            clock: this.time.createClock(),
            random: new SimulatedRandom(this.random),
            network: this.network.host('m'),
            compute: new SimulatedCompute(),
            log: this.log,
          },
          identity: { kind: 'master', id: processIdFromBytes(new Uint8Array(8).fill(9)) },
          clusterId: clusterIdFromBytes(new Uint8Array(16).fill(8)),
          secret: this.secret,
          handlers: new Map(),
          bodies: new FixedBodyPool({ memory: new Uint8Array(4 * MIB) }),
        },
        { address: `w${index}:7001`, timeoutMs: 1000 },
      ),
    )
    const vitals = {
      usedBytes: 0,
      capacityBytes: 1,
      freeBytes: 1,
      oldestDiskOperationMs: 0,
      diskLatencyMs: 0,
      corruptFragments: 0,
      damagedFragments: 0,
      failing: false,
      scrub: { runningFull: false, doneBytes: 0, totalBytes: 0 },
    }
    await this.run(this.#links.connect(peer, this.id(index), vitals, [this.group()]))
  }

  async run<T>(promise: Promise<T>): Promise<T> {
    return await this.time.run(promise)
  }

  node(index: number): WorkerNode {
    return defined(this.workers[index], 'a worker')
  }

  id(index: number): WorkerId {
    return this.node(index).id
  }

  link(index: number): WorkerLink {
    return defined(this.#links.link(this.id(index)), 'a link')
  }

  /** Over the first five workers, or those given. */
  group(workers: readonly number[] = [0, 1, 2, 3, 4], epochNumber: number = epoch): PlacementGroup {
    const at = defined(parseEpoch(epochNumber), 'epoch')
    return {
      group: defined(parseGroupId(1), 'group'),
      epoch: at,
      scheme,
      state: 'writable',
      slots: workers.map((index) => ({ worker: this.id(index), holderSinceEpoch: at })),
    }
  }

  /** A block of `dataBytes`, not stored yet. */
  makeBlock(dataBytes: number, block = 0): StoredBlock {
    const geometry = new BlockGeometry(scheme, chunkSizeBytes, dataBytes)
    const dataId = makeDataId(1_700_000_000_000 + this.#ids++, this.random.bytes(10))
    const layout = new BlockLayout(scheme, chunkSizeBytes, Math.max(1, dataBytes))
    const buffer = defined(coder.allocate(layout.bufferBytes), 'coder memory')
    layout.scatter(buffer.bytes, 0, this.random.bytes(dataBytes))
    const { group } = this.group()
    const content = { group, dataId, block, isLastBlock: true, manifest: this.random.bytes(50), geometry }
    const { records } = encodeBlock(new SimulatedCompute(), content, { coder, buffer, layout })
    const copies = records.map(({ column, parts }) => [column, new Uint8Array(Buffer.concat(parts))] as const)
    buffer.free()
    return { dataId, block, geometry, records: new Map(copies) }
  }

  /** The worker of a column's slot. */
  holderOf({ dataId, block }: StoredBlock, column: number): number {
    return slotOf(scheme, dataId, block, column)
  }

  async putColumn(index: number, stored: StoredBlock, column: number): Promise<void> {
    const { group } = this.group()
    const record = defined(stored.records.get(column), 'a record')
    const options = { ...callOptions, group, epoch, standIn: true, sent: () => undefined }
    await this.run(this.link(index).put([record], options))
  }

  /** Stores the columns with their holders, but for some. */
  async putBlock(stored: StoredBlock, without: readonly number[] = []): Promise<void> {
    for (const column of stored.records.keys()) {
      if (!without.includes(column)) await this.putColumn(this.holderOf(stored, column), stored, column)
    }
  }

  request(fragments: readonly RebuildFragment[], group = this.group()): RebuildRequest {
    const running = this.workers.map((node, index) => ({ worker: node.id, address: `w${index}:7001` }))
    return { group, addresses: running, fragments }
  }

  /** What the worker has stored of a column, checked by its store; compared with what was made. */
  async assertHolds(index: number, stored: StoredBlock, column: number): Promise<void> {
    const { store } = this.node(index).worker
    const key = { group: this.group().group, dataId: stored.dataId, block: stored.block, column }
    const record = defined(stored.records.get(column), 'a record')
    const header = await this.run(store.readHeader(key))
    assert(Buffer.compare(header, record.subarray(0, header.length)) === 0, 'the header is the one that was made')
    const read = await this.run(store.read(key))
    const payload = record.subarray(header.length, header.length + read.bytes.length)
    assert(read.bytes.length === stored.geometry.columnLength(column), 'the payload is whole')
    assert(Buffer.compare(read.bytes, payload) === 0, 'the payload is the one that was made')
    read.release()
  }
}
