// Rebuilds metadata from what the workers hold, as the lease holder, step by step (docs/design/rebuild-metadata.md): waits for the
// workers, puts the placement groups back under epochs that none of them has adopted, then goes through the data ids of each group. How
// far it is stands in metadata, so a crash or another holder costs the last step. Every command that it sends can be repeated.

import { FrostError } from '../../base/errors.ts'
import { dataIdTimeMs, parseEpoch, parseGroupId } from '../../base/ids.ts'
import type { GroupId, WorkerId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { pageLimitMax } from '../../meta/contract/conventions.ts'
import type { Fence } from '../../meta/contract/conventions.ts'
import type { DataRow } from '../../meta/contract/data-metadata.ts'
import { isSettling, missingMax } from '../../meta/contract/rebuild-metadata.ts'
import type { RebuildRow } from '../../meta/contract/rebuild-metadata.ts'
import type { RepairEntry } from '../../meta/contract/repair-metadata.ts'
import type { Log } from '../../ports/log.ts'
import type { BackgroundTask } from '../background-task.ts'
import type { ClusterHistory } from '../cluster-history.ts'
import type { ClusterMap } from '../cluster-map.ts'
import type { LeaseKeeper } from '../lease-keeper.ts'
import type { ConnectedWorkers } from '../worker-links.ts'
import { gatherGroups } from './gather-groups.ts'
import type { GatheredGroups } from './gather-groups.ts'
import { walkHeld } from './held-data.ts'
import type { HeldData } from './held-data.ts'
import { firstLostBlock, repairsOf } from './judge-data.ts'
import { addData, addRecovery } from './progress.ts'
import { recoverFile } from './recover-file.ts'
import type { RecoveryPorts, RecoveryRun } from './recover-file.ts'

export interface RebuildTaskPorts extends RecoveryPorts {
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly history: ClusterHistory
  readonly lease: LeaseKeeper
  readonly log: Log
}

/** Data ids between two notes of the progress. */
const idsPerStep = 256
/** Files that are looked at once: each asks a worker for one header. */
const filesAtOnce = 16
const idleMs = SECOND_MS
/** For workers that start together with the master, or lost their connection. */
const waitForWorkersMs = 30 * SECOND_MS
/** Epochs above the highest that was adopted by a worker which is there: one that is away may have adopted a few more. */
const epochMargin = 1_000
/** As above, for the numbers of groups. */
const groupMargin = 10_000

/** What one process needs while it works on a rebuild; gathered anew after a failure. */
interface Work {
  readonly id: string
  readonly gathered: GatheredGroups
  readonly groups: readonly GroupId[]
  /** Ids without a row are looked at only if made between. */
  readonly fromMs: number
  readonly belowMs: number
}

export class RebuildTask implements BackgroundTask {
  readonly name = 'rebuild of metadata'
  readonly retryMaxMs = 5 * SECOND_MS
  readonly #ports: RebuildTaskPorts
  #work: Work | undefined
  #missingSince: { readonly key: string; readonly sinceMs: number } | undefined

  constructor(ports: RebuildTaskPorts) {
    this.#ports = ports
  }

  async step(signal: AbortSignal): Promise<number> {
    const { metadata, lease } = this.#ports
    const row = await metadata.getRebuild()
    const { fence } = lease
    if (row?.state !== 'running' || fence === undefined) {
      this.#work = undefined
      return idleMs
    }
    try {
      return await this.#advance(row, fence, signal)
    } catch (error) {
      this.#work = undefined
      throw error
    }
  }

  async #advance(row: RebuildRow, fence: Fence, signal: AbortSignal): Promise<number> {
    if (this.#work?.id !== row.id) return await this.#prepare(row, fence, signal)
    const { groups } = this.#work
    const group = groups.find((each) => each >= row.group)
    if (group === undefined) return await this.#finish(row, fence)
    const place = group === row.group ? row : { ...withoutAfter(row), group }
    await this.#ports.metadata.recordRebuild({
      row: await this.#recoverSome(place, this.#work, { fence, signal }),
      fence,
    })
    return 0
  }

  /** Who is there, and what they know of placement groups. */
  async #prepare(row: RebuildRow, fence: Fence, signal: AbortSignal): Promise<number> {
    const { metadata, workers, history, log } = this.#ports
    const gathered = await gatherGroups(workers, workers.connected(), signal)
    const missing = await this.#findMissing(gathered)
    // After a start of the master it may be that none is connected yet: then nothing is known of who is missing.
    const isAlone = gathered.groups.size === 0
    if ((missing.length > 0 || isAlone) && this.#isWorthWaiting(missing)) return idleMs
    const lossesMax = Math.min(...[...gathered.groups.values()].map(({ scheme }) => scheme.parityColumns))
    const refusal = refusalOf({ row, gathered, missing, lossesMax })
    if (refusal !== undefined) {
      log.error('The metadata was not rebuilt.', new FrostError('not-enough-workers', refusal.reason))
      await metadata.recordRebuild({
        row: {
          ...row,
          ...refusal,
          state: 'failed',
          endedMs: this.#ports.clock.wallMs(),
          missing: missing.slice(0, missingMax),
        },
        fence,
      })
      return idleMs
    }
    const cluster = await history.look()
    await this.#recoverGroups(row, gathered, { fence, isBehind: cluster.behind })
    const groups = [...new Set([...gathered.groups.keys(), ...gathered.holders.keys()])].toSorted((a, b) => a - b)
    const highest = gathered.highest + (missing.length > 0 ? groupMargin : 0)
    const seen = new Set([...row.missing, ...missing])
    await metadata.recordRebuild({
      row: {
        ...row,
        groups: groups.length,
        missing: [...seen].slice(0, missingMax),
        highest: { ...row.highest, group: Math.max(row.highest.group, highest) },
      },
      fence,
    })
    const { settledMs = 0, unsettledBelowMs = 0, behind } = cluster
    const bounds = behind
      ? { fromMs: settledMs, belowMs: Number.POSITIVE_INFINITY }
      : // Uploads go on: what is above the horizon may be one of them.
        { fromMs: 0, belowMs: Math.min(unsettledBelowMs, await metadata.horizon()) }
    this.#work = { id: row.id, gathered, groups, ...bounds }
    log.info('The metadata is being rebuilt.', { groups: groups.length, workersMissing: missing.length })
    return 0
  }

  /** Workers that hold slots, or that metadata knows, and that are not there. */
  async #findMissing({ groups }: GatheredGroups): Promise<readonly WorkerId[]> {
    const { metadata, workers } = this.#ports
    const known = new Set<WorkerId>()
    for (const { slots } of groups.values()) for (const { worker } of slots) known.add(worker)
    for (const { worker, state } of await metadata.listWorkers()) if (state !== 'out') known.add(worker)
    for (const worker of workers.connected()) known.delete(worker)
    return [...known].toSorted()
  }

  #isWorthWaiting(missing: readonly WorkerId[]): boolean {
    const key = missing.join()
    const nowMs = this.#ports.clock.monotonicMs()
    if (this.#missingSince?.key !== key) this.#missingSince = { key, sinceMs: nowMs }
    return nowMs - this.#missingSince.sinceMs < waitForWorkersMs
  }

  async #recoverGroups(
    row: RebuildRow,
    { groups }: GatheredGroups,
    { fence, isBehind }: { readonly fence: Fence; readonly isBehind: boolean },
  ): Promise<void> {
    const { metadata, map } = this.#ports
    for (const { group, epoch: adopted, scheme, slots, state } of groups.values()) {
      const stored = await metadata.getGroup(group)
      const isOld = stored === undefined || stored.epoch < adopted
      const epoch = parseEpoch(Math.max(adopted, stored?.epoch ?? 0) + epochMargin)
      // What was adopted under a lost or forgotten history must not be taken for what is decided from now on: all change, once.
      const isDone = !isOld && (!isBehind || row.groups > 0)
      if (isDone || epoch === undefined) continue
      const newest = isOld ? { scheme, slots, state } : stored
      await metadata.recoverGroup({
        rebuild: row.id,
        group,
        epoch,
        scheme: newest.scheme,
        slots: newest.slots.map(({ worker, holderSinceEpoch }) => ({ worker, holderSinceEpoch })),
        state: newest.state,
        fence,
      })
    }
    await map.refresh()
  }

  /** The next data ids of a group; resolves to the row with what became of them. */
  async #recoverSome(
    row: RebuildRow,
    work: Work,
    { fence, signal }: { readonly fence: Fence; readonly signal: AbortSignal },
  ): Promise<RebuildRow> {
    const { workers } = this.#ports
    const group = parseGroupId(row.group)
    if (group === undefined) throw new FrostError('store-corrupt', `The rebuild stands at group ${row.group}.`)
    const holders = (one: GroupId): readonly WorkerId[] => work.gathered.holders.get(one) ?? []
    const { after } = row
    const walk = { group, workers: holders(group), signal, ...(after === undefined ? {} : { after }) }
    const page: HeldData[] = []
    for await (const held of walkHeld(workers, walk)) if (page.push(held) === idsPerStep) break
    const run = { rebuild: row.id, fence, holders, signal }
    let next = row
    for (let at = 0; at < page.length; at += filesAtOnce) {
      next = await this.#recoverFew(next, page.slice(at, at + filesAtOnce), { work, run })
    }
    const last = page.at(-1)?.dataId
    if (page.length === idsPerStep && last !== undefined) return { ...next, after: last }
    return { ...withoutAfter(next), group: group + 1, groupsDone: next.groupsDone + 1 }
  }

  async #recoverFew(
    row: RebuildRow,
    page: readonly HeldData[],
    { work, run }: { readonly work: Work; readonly run: RecoveryRun },
  ): Promise<RebuildRow> {
    const rows = await this.#ports.metadata.getDataRows(page)
    const outcomes = await Promise.all(
      page.map(async (held, index) => {
        const known = rows[index]
        if (known !== undefined) {
          await this.#addRepairs(known, held)
          return []
        }
        const timeMs = dataIdTimeMs(held.dataId)
        const isCandidate = timeMs >= work.fromMs && timeMs < work.belowMs
        return isCandidate ? await recoverFile(this.#ports, run, held) : []
      }),
    )
    return outcomes.flat().reduce((sum, outcome) => addRecovery(sum, outcome), addData(row, page))
  }

  /** Of data that metadata knows: it may lie elsewhere than metadata remembers. */
  async #addRepairs(row: DataRow, held: HeldData): Promise<void> {
    const { map, metadata, workers } = this.#ports
    const group = map.group(held.group)
    if (row.state !== 'live' || group === undefined || firstLostBlock(held, row) !== undefined) return
    const isThere = (worker: WorkerId): boolean => workers.link(worker) !== undefined
    const { repairs } = repairsOf(held, row, { group, isThere })
    const ref = { group: held.group, dataId: held.dataId }
    const entries = repairs.map((repair): RepairEntry => ({ kind: 'fragment', ...ref, ...repair }))
    for (let at = 0; at < entries.length; at += pageLimitMax)
      await metadata.addRepairs({ entries: entries.slice(at, at + pageLimitMax) })
  }

  async #finish(row: RebuildRow, fence: Fence): Promise<number> {
    const { metadata, history, log, clock } = this.#ports
    const unsettled = !isSettling(row)
    await metadata.finishRebuild({ id: row.id, endedMs: clock.wallMs(), unsettled, fence })
    await history.look()
    this.#work = undefined
    log.info('The metadata was rebuilt.', { files: row.filesRecovered, incomplete: row.filesIncomplete, unsettled })
    return idleMs
  }
}

interface Refusal {
  readonly reason: string
  readonly remedy: string
}

interface Prepared {
  readonly row: RebuildRow
  readonly gathered: GatheredGroups
  readonly missing: readonly WorkerId[]
  /** Workers that any file can do without. */
  readonly lossesMax: number
}

function refusalOf({ row, gathered, missing, lossesMax }: Prepared): Refusal | undefined {
  if (row.force) return undefined
  if (gathered.groups.size === 0)
    return {
      reason: 'No worker that is connected has adopted a placement group.',
      remedy: 'Start the workers, and repeat the command.',
    }
  if (missing.length <= lossesMax) return undefined
  return {
    reason: `${missing.length} workers are missing, and files can do without ${lossesMax}.`,
    remedy:
      'Start them and repeat the command. With force it goes on without them: files of which too little is left are put back by a ' +
      'later run with merge, once the workers are there.',
  }
}

/** At the start of a group. */
function withoutAfter({ after: _after, ...row }: RebuildRow): RebuildRow {
  return row
}
