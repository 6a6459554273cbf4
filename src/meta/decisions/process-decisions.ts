// Registrations, published times and intents of processes, and the horizon that follows from them: the smallest published time
// and intent of all, or, with no process left, the highest ceiling.

import { assert } from '../../base/assert.ts'
import { dataIdTimeMs, parseProcessId } from '../../base/ids.ts'
import type { ProcessId } from '../../base/ids.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import type { DataRef } from '../contract/conventions.ts'
import type { ExpireProcess, ProcessRow, Publish, Published } from '../contract/process-metadata.ts'
import { readDataId, readHex } from '../encoding/key-parts.ts'
import { intentKey, intentPrefix, processKey, tables, within } from '../encoding/keys.ts'
import { corrupt } from '../encoding/row-reader.ts'
import { decodeProcess } from '../encoding/cluster-rows.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import { trimCommands } from './delete-decision.ts'
import type { Draft } from './draft.ts'
import { raiseHorizon, readHorizon } from './horizon.ts'

const processesMax = 10_000
/** A publishing takes so many rows of commands below the horizon with it. */
const trimEach = 100
const empty = new Uint8Array()

interface RegisterProcess {
  readonly process: ProcessId
  readonly address: string
  readonly wallMs: number
}

export function registerProcess(draft: Draft, { process, address, wallMs }: RegisterProcess): ProcessRow {
  const startMs = Math.max(readHorizon(draft).ceilingMs, wallMs)
  const before = readProcess(draft, process)
  const row = {
    process,
    address,
    publishedMs: startMs,
    ceilingMs: startMs,
    purgeSequence: 0,
    heartbeat: (before?.heartbeat ?? 0) + 1,
  }
  for (const [key] of draft.range({ ...within(intentPrefix(process)), limit: intentsMax })) draft.remove(key)
  draft.put(processKey(process), encodePlainRow(row))
  raiseHorizon(draft, { ceilingMs: startMs, horizonMs: horizonWith(draft, process, startMs) })
  draft.record({ kind: 'process', process })
  return row
}

export function publish(draft: Draft, command: Publish): Published | 'expired' {
  const row = readProcess(draft, command.process)
  if (row === undefined) return 'expired'
  const idFloorMs = readHorizon(draft).ceilingMs
  const next: ProcessRow = {
    ...row,
    publishedMs: Math.max(row.publishedMs, command.publishedMs),
    ceilingMs: Math.max(idFloorMs, command.ceilingMs),
    purgeSequence: Math.max(row.purgeSequence, command.purgeSequence),
    heartbeat: row.heartbeat + 1,
  }
  draft.put(processKey(command.process), encodePlainRow(next))
  const horizonMs = horizonWith(draft, command.process, next.publishedMs)
  const raised = raiseHorizon(draft, { ceilingMs: next.ceilingMs, horizonMs })
  trimCommands(draft, trimEach)
  draft.record({ kind: 'process', process: command.process })
  return { idFloorMs, ceilingMs: next.ceilingMs, horizonMs: raised.horizonMs }
}

interface Intents {
  readonly process: ProcessId
  readonly refs: readonly DataRef[]
}

export function addIntents(draft: Draft, { process, refs }: Intents): 'added' | 'expired' {
  assert(refs.length <= pageLimitMax, 'number of intents')
  if (readProcess(draft, process) === undefined) return 'expired'
  const missing = refs.filter((ref) => draft.get(intentKey(process, ref)) === undefined)
  for (const ref of missing) draft.put(intentKey(process, ref), empty)
  if (missing.length > 0) draft.record({ kind: 'process', process })
  return 'added'
}

export function removeIntents(draft: Draft, { process, refs }: Intents): void {
  assert(refs.length <= pageLimitMax, 'number of intents')
  const found = refs.filter((ref) => draft.get(intentKey(process, ref)) !== undefined)
  for (const ref of found) draft.remove(intentKey(process, ref))
  if (found.length > 0) draft.record({ kind: 'process', process })
}

export function expireProcess(draft: Draft, { process, heartbeat, fence }: ExpireProcess): boolean {
  draft.checkFence(fence)
  const row = readProcess(draft, process)
  if (row === undefined) return true
  if (row.heartbeat !== heartbeat) return false
  draft.remove(processKey(process))
  for (const [key] of draft.range({ ...within(intentPrefix(process)), limit: intentsMax })) draft.remove(key)
  raiseHorizon(draft, { ceilingMs: 0, horizonMs: horizonWith(draft, process, undefined) })
  draft.record({ kind: 'process', process })
  return true
}

/** More uploads than a process can have open. */
const intentsMax = 1_000_000

function readProcess(draft: Draft, process: ProcessId): ProcessRow | undefined {
  const stored = draft.get(processKey(process))
  return stored === undefined ? undefined : decodeProcess(stored)
}

/** The horizon where `process` published `publishedMs`, or is no longer registered (`undefined`). */
function horizonWith(draft: Draft, process: ProcessId, publishedMs: number | undefined): number {
  let horizonMs = Number.POSITIVE_INFINITY
  let isRegistered = false
  for (const [key, row] of draft.range({ ...within(tables.process), limit: processesMax })) {
    const other = processIdOf(key)
    if (other === process) isRegistered = true
    if (other === process && publishedMs === undefined) continue
    const published = other === process ? publishedMs : decodeProcess(row).publishedMs
    horizonMs = Math.min(horizonMs, published ?? horizonMs, firstIntentMs(draft, other))
  }
  if (!isRegistered && publishedMs !== undefined) horizonMs = Math.min(horizonMs, publishedMs)
  return Number.isFinite(horizonMs) ? horizonMs : readHorizon(draft).ceilingMs
}

function firstIntentMs(draft: Draft, process: ProcessId): number {
  for (const [key] of draft.range({ ...within(intentPrefix(process)), limit: pageLimitMax })) {
    if (draft.get(key) !== undefined) return dataIdTimeMs(readDataId(key, 9))
  }
  return Number.POSITIVE_INFINITY
}

function processIdOf(key: string): ProcessId {
  const process = parseProcessId(readHex(key, 1, 16))
  if (process === undefined) throw corrupt('a process id is not one')
  return process
}
