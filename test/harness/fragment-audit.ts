// Counts by itself what must exist and what does: reads the rows of metadata straight from their file, and asks each worker that runs for
// the names of all that it holds. Nothing of what the master says of its health goes into it.

import { join } from 'node:path'

import { FrostError } from '../../src/base/errors.ts'
import { fromHex, parseClusterId, processIdFromBytes } from '../../src/base/ids.ts'
import type { DataId, GroupId, WorkerId } from '../../src/base/ids.ts'
import { defined } from '../../src/base/assert.ts'
import { columnCount } from '../../src/base/scheme.ts'
import { BlockGeometry, blockCount, blockDataBytes, slotOf } from '../../src/codec/geometry.ts'
import type { LiveDataRow } from '../../src/meta/contract/data-metadata.ts'
import type { GroupRow } from '../../src/meta/contract/group-metadata.ts'
import { KeyValueMetadata, LocalRunner } from '../../src/meta/key-value-metadata.ts'
import { NodeClock } from '../../src/node/clock.ts'
import { NodeCompute } from '../../src/node/compute.ts'
import { LmdbKeyValue } from '../../src/node/lmdb-key-value.ts'
import { createLog } from '../../src/node/log.ts'
import { NodeNetwork } from '../../src/node/network.ts'
import { NodeRandom } from '../../src/node/random.ts'
import { FixedBodyPool } from '../../src/rpc/body-pool.ts'
import { connectPeer } from '../../src/rpc/connect.ts'
import { decodePage, encodeListFragments } from '../../src/rpc/messages/fragment-sets.ts'
import type { FragmentId } from '../../src/rpc/messages/fragment-sets.ts'
import { methods } from '../../src/rpc/messages/methods.ts'
import type { RpcPeer } from '../../src/rpc/peer.ts'
import { decodeStates, encodeVerify, fragmentsPerVerify } from '../../src/rpc/messages/verify.ts'
import type { RealCluster } from './real-cluster.ts'
import { readFile } from 'node:fs/promises'

export interface ExpectedFragment extends FragmentId {
  readonly group: GroupId
  /** Who holds its slot. */
  readonly worker: WorkerId
  readonly bytes: number
  /** Of one that is missing: who has it instead. */
  readonly elsewhere?: readonly WorkerId[]
}

export interface Audit {
  readonly expected: readonly ExpectedFragment[]
  /** Not in good state on the worker that holds the slot, which has answered. */
  readonly missing: readonly ExpectedFragment[]
  /** Holders of slots that could not be asked. */
  readonly unreachable: ReadonlySet<WorkerId>
  /** Fragments of live data on workers that do not hold their slot: stand-ins and what has not been cleared. */
  readonly misplaced: number
}

/** What must exist, and the holders as they were then. */
export interface Expectation {
  readonly groups: readonly GroupRow[]
  readonly fragments: readonly ExpectedFragment[]
}

const pageMax = 1000
const listPageMax = 10_000
const deadlineMs = 5000
const connectTimeoutMs = 3000

export class FragmentAudit {
  readonly #cluster: RealCluster
  readonly #metadata: KeyValueMetadata
  readonly #node: Parameters<typeof connectPeer>[0]
  readonly #peers = new Map<string, RpcPeer>()

  private constructor(cluster: RealCluster, metadata: KeyValueMetadata, node: Parameters<typeof connectPeer>[0]) {
    this.#cluster = cluster
    this.#metadata = metadata
    this.#node = node
  }

  static async open(cluster: RealCluster): Promise<FragmentAudit> {
    const file = join(cluster.directory, 'metadata', 'metadata.mdb')
    // Never claimed: it only reads.
    const keyValue = await LmdbKeyValue.open({ file, onFailure: () => undefined })
    const metadata = new KeyValueMetadata(keyValue, new LocalRunner(keyValue))
    const secret = fromHex((await readFile(join(cluster.directory, 'secret'), 'utf8')).trim())
    const { cluster: id } = JSON.parse(await readFile(join(cluster.directory, 'cluster.json'), 'utf8')) as {
      readonly cluster: string
    }
    const random = new NodeRandom()
    return new FragmentAudit(cluster, metadata, {
      ports: {
        clock: new NodeClock(),
        random,
        network: new NodeNetwork(),
        compute: new NodeCompute(),
        log: createLog({ level: 'silent' }),
      },
      identity: { kind: 'master', id: processIdFromBytes(random.bytes(8)) },
      clusterId: defined(parseClusterId(id), 'the id of the cluster'),
      secret,
      handlers: new Map(),
      bodies: new FixedBodyPool({ memory: new Uint8Array(8 * 1024 * 1024) }),
    })
  }

  static async use<T>(cluster: RealCluster, work: (audit: FragmentAudit) => Promise<T>): Promise<T> {
    const audit = await FragmentAudit.open(cluster)
    try {
      return await work(audit)
    } finally {
      await audit.close()
    }
  }

  async close(): Promise<void> {
    for (const peer of this.#peers.values()) await peer.close(1000)
    await this.#metadata.close()
  }

  async expectation(): Promise<Expectation> {
    const { groups, truncated } = await this.#metadata.listGroups({ since: 0, limit: pageMax })
    if (truncated) throw new Error('more groups than a test has')
    const fragments: ExpectedFragment[] = []
    for (const group of groups) {
      for await (const row of this.#liveRows(group.group)) fragments.push(...fragmentsOf(group, row))
    }
    return { groups, fragments }
  }

  /** What there is of it, or of what must exist now. What was deleted meanwhile is not expected any more. */
  async run(before?: Expectation): Promise<Audit> {
    const expectation = before ?? (await this.expectation())
    const held = new Map<string, Set<WorkerId>>()
    const unreachable = new Set<WorkerId>()
    const addresses = new Map((await this.#metadata.listWorkers()).map(({ worker, address }) => [worker, address]))
    for (const [worker, address] of addresses) {
      try {
        const peer = await this.#peer(address, worker)
        for (const group of expectation.groups) await this.#list(peer, group, worker, held)
      } catch (error) {
        if (!(error instanceof FrostError)) throw error
        unreachable.add(worker)
      }
    }
    const now = await this.#slotsNow()
    const candidates: ExpectedFragment[] = []
    let misplaced = 0
    for (const fragment of expectation.fragments) {
      const holders = held.get(nameOf(fragment)) ?? new Set<WorkerId>()
      const holder = now(fragment)
      // A slot may have moved meanwhile: then either of its holders is the right one.
      const isThere = holders.has(fragment.worker) || (holder !== undefined && holders.has(holder))
      if (!isThere && !unreachable.has(fragment.worker) && (holder === undefined || !unreachable.has(holder)))
        candidates.push({ ...fragment, elsewhere: [...holders] })
      misplaced += [...holders].filter((worker) => worker !== fragment.worker && worker !== holder).length
    }
    const holders = new Set(expectation.fragments.map(({ worker }) => worker))
    return {
      expected: expectation.fragments,
      missing: await this.#stillLive(candidates),
      unreachable: unreachable.intersection(holders),
      misplaced,
    }
  }

  /** Has each worker read and check every fragment that it must have; those that are not good. A slot may move meanwhile. */
  async verify(): Promise<readonly ExpectedFragment[]> {
    const bad = await this.#verifyThese((await this.expectation()).fragments)
    if (bad.length === 0) return bad
    const holderNow = await this.#slotsNow()
    const moved = bad.flatMap((fragment) => {
      const worker = holderNow(fragment)
      return worker === undefined || worker === fragment.worker ? [] : [{ ...fragment, worker }]
    })
    const stayed = bad.filter((fragment) => holderNow(fragment) === fragment.worker)
    return [...stayed, ...(await this.#verifyThese(moved))]
  }

  async #verifyThese(fragments: readonly ExpectedFragment[]): Promise<readonly ExpectedFragment[]> {
    const addresses = new Map((await this.#metadata.listWorkers()).map(({ worker, address }) => [worker, address]))
    const bad: ExpectedFragment[] = []
    for (const ofHolder of Map.groupBy(fragments, ({ worker, group }) => `${worker} ${group}`).values()) {
      const { worker, group } = defined(ofHolder[0], 'a fragment')
      const peer = await this.#peer(defined(addresses.get(worker), 'the address of a worker'), worker)
      for (let at = 0; at < ofHolder.length; at += fragmentsPerVerify) {
        const page = ofHolder.slice(at, at + fragmentsPerVerify)
        const body = [encodeVerify({ group, fragments: page })]
        const response = await peer.request(methods.verify, new Uint8Array(0), { deadlineMs: 60_000, body })
        const states = decodeStates(response.body ?? new Uint8Array(0), page.length)
        response.release()
        bad.push(...page.filter((_, index) => states[index] !== 'good'))
      }
    }
    return await this.#stillLive(bad)
  }

  async *#liveRows(group: GroupId): AsyncGenerator<LiveDataRow> {
    let after: DataId | undefined
    for (;;) {
      const page = await this.#metadata.listDataRows({
        group,
        limit: pageMax,
        ...(after === undefined ? {} : { after }),
      })
      for (const row of page) if (row.state === 'live') yield row
      after = page.at(-1)?.dataId
      if (page.length < pageMax) return
    }
  }

  async #stillLive(fragments: readonly ExpectedFragment[]): Promise<readonly ExpectedFragment[]> {
    const live: ExpectedFragment[] = []
    for (const fragment of fragments) {
      const [row] = await this.#metadata.getDataRows([fragment])
      if (row?.state === 'live') live.push(fragment)
    }
    return live
  }

  async #slotsNow(): Promise<(fragment: ExpectedFragment) => WorkerId | undefined> {
    const { groups } = await this.#metadata.listGroups({ since: 0, limit: pageMax })
    const byId = new Map(groups.map((group) => [group.group, group]))
    return ({ group, dataId, block, column }) => {
      const row = byId.get(group)
      return row?.slots[slotOf(row.scheme, dataId, block, column)]?.worker
    }
  }

  async #list(peer: RpcPeer, { group }: GroupRow, worker: WorkerId, held: Map<string, Set<WorkerId>>): Promise<void> {
    let after: FragmentId | undefined
    do {
      const request = { group, limit: listPageMax, ...(after === undefined ? {} : { after }) }
      const body = [encodeListFragments(request)]
      const response = await peer.request(methods.listFragments, new Uint8Array(0), { deadlineMs, body })
      const page = decodePage(response.header, response.body ?? new Uint8Array(0))
      response.release()
      for (const fragment of page.fragments) {
        const name = nameOf({ group, ...fragment })
        const workers = held.get(name)
        if (workers === undefined) held.set(name, new Set([worker]))
        else workers.add(worker)
      }
      after = page.next
    } while (after !== undefined)
  }

  async #peer(address: string, worker: WorkerId): Promise<RpcPeer> {
    const known = this.#peers.get(address)
    if (known?.open === true && known.info.identity.id === worker) return known
    if (!this.#cluster.workers.some((node) => node.isRunning && node.addresses['internal'] === address))
      throw new FrostError('peer-unreachable', `No worker runs at ${address}.`)
    const peer = await connectPeer(this.#node, { address, timeoutMs: connectTimeoutMs })
    if (peer.info.identity.id !== worker) {
      peer.destroy('It is another worker.')
      throw new FrostError('peer-unreachable', `At ${address} answers another worker than ${worker}.`)
    }
    this.#peers.set(address, peer)
    return peer
  }
}

function* fragmentsOf(group: GroupRow, row: LiveDataRow): Generator<ExpectedFragment> {
  const { scheme, chunkSizeBytes, lengthBytes, dataId } = row
  for (let block = 0; block < blockCount(scheme, chunkSizeBytes, lengthBytes); block++) {
    const geometry = new BlockGeometry(
      scheme,
      chunkSizeBytes,
      blockDataBytes(scheme, chunkSizeBytes, lengthBytes, block),
    )
    for (let column = 0; column < columnCount(scheme); column++) {
      const worker = group.slots[slotOf(scheme, dataId, block, column)]?.worker
      if (!geometry.hasColumn(column) || worker === undefined) continue
      yield { group: group.group, dataId, block, column, worker, bytes: geometry.columnLength(column) }
    }
  }
}

function nameOf({ group, dataId, block, column }: FragmentId & { readonly group: GroupId }): string {
  return `${group} ${dataId} ${block} ${column}`
}

/** Bytes of the fragments by the worker that must hold them. */
export function bytesByWorker(fragments: readonly ExpectedFragment[]): ReadonlyMap<WorkerId, number> {
  const sums = new Map<WorkerId, number>()
  for (const { worker, bytes } of fragments) sums.set(worker, (sums.get(worker) ?? 0) + bytes)
  return sums
}
