// Who does which background work. A lease is taken only where it is free, or where its row is still the very one that the caller
// watched standing still, so of several who want it one gets it, and no clock decides. The token goes up with each taking, and the row
// outlives a release for it: what a former holder sends late carries an old token, and is refused (`Draft.checkFence`).

import type { LeaseRow, TakeLease } from '../contract/lease-metadata.ts'
import { leaseKey } from '../encoding/keys.ts'
import { decodeLease } from '../encoding/cluster-rows.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import type { Draft } from './draft.ts'

interface HeldLease {
  readonly name: string
  readonly token: number
}

export function takeLease(draft: Draft, { name, process, watched }: TakeLease): LeaseRow | undefined {
  const row = readLease(draft, name)
  if (row?.holder === process) return row
  const stoodStill = watched !== undefined && row?.token === watched.token && row.renewals === watched.renewals
  if (row?.holder !== undefined && !stoodStill) return undefined
  return writeLease(draft, { name, holder: process, token: (row?.token ?? 0) + 1, renewals: 0 })
}

export function renewLease(draft: Draft, { name, token }: HeldLease): LeaseRow | undefined {
  const row = readLease(draft, name)
  if (row?.token !== token || row.holder === undefined) return undefined
  return writeLease(draft, { ...row, renewals: row.renewals + 1 })
}

export function releaseLease(draft: Draft, { name, token }: HeldLease): void {
  const row = readLease(draft, name)
  if (row?.token !== token || row.holder === undefined) return
  writeLease(draft, { ...row, holder: undefined })
}

function readLease(draft: Draft, name: string): LeaseRow | undefined {
  const stored = draft.get(leaseKey(name))
  return stored === undefined ? undefined : decodeLease(stored)
}

function writeLease(draft: Draft, row: LeaseRow): LeaseRow {
  draft.put(leaseKey(row.name), encodePlainRow(row))
  draft.record({ kind: 'lease', name: row.name })
  return row
}
