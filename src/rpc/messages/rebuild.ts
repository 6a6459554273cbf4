// Asks a worker to make fragments anew: it takes what is needed from the workers that hold other columns of their blocks.

import { FrostError, isErrorCode } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { parseWorkerId } from '../../base/ids.ts'
import type { WorkerId } from '../../base/ids.ts'
import type { PlacementGroup } from '../../cluster/placement-group.ts'
import { readColumn, readFragmentId } from './fragment-sets.ts'
import type { FragmentId } from './fragment-sets.ts'
import { JsonFields, encodeJson } from './json-fields.ts'
import { readGroup } from './placement-group-fields.ts'

export interface RebuildRequest {
  /** As the sender knows it; the receiver adopts it where it is newer. */
  readonly group: PlacementGroup
  /** Where the workers are that may hold something. */
  readonly addresses: readonly WorkerAddress[]
  /** At most `fragmentsPerRebuild`. */
  readonly fragments: readonly RebuildFragment[]
}

export interface WorkerAddress {
  readonly worker: WorkerId
  /** `host:port` of its internal port. */
  readonly address: string
}

export interface RebuildFragment extends FragmentId {
  /** Who holds columns of its block besides the holders of their slots. */
  readonly elsewhere: readonly ColumnPlace[]
}

export interface ColumnPlace {
  readonly column: number
  readonly worker: WorkerId
}

const rebuildStates = ['stored', 'exists', 'absent', 'unavailable', 'failed'] as const

/**
 * `stored`: durable. `exists`: it was there, in good state. `absent`: its block has no such column. `unavailable`: too few intact pieces
 * of its block could be reached. `failed`: it could not be stored.
 */
export type RebuildState = (typeof rebuildStates)[number]

export interface RebuildOutcome {
  readonly state: RebuildState
  /** Of the record that was written. */
  readonly bytes?: number
  /** Of headers and chunks that came from other workers, also in vain. */
  readonly readBytes?: number
  /** What went wrong. */
  readonly code?: ErrorCode
}

export const fragmentsPerRebuild = 256
const addressesMax = 1024
const elsewhereMax = 64

export function encodeRebuild(request: RebuildRequest): Uint8Array<ArrayBuffer> {
  return encodeJson(request)
}

export function decodeRebuild(bytes: Uint8Array): RebuildRequest {
  const fields = JsonFields.decode('rebuild', bytes)
  return {
    group: readGroup(fields.object('group')),
    addresses: fields.list('addresses', addressesMax, (element) => {
      const place = new JsonFields('worker address', element)
      return { worker: place.parsed('worker', parseWorkerId), address: place.string('address') }
    }),
    fragments: fields.list('fragments', fragmentsPerRebuild, (element) => {
      const fragment = new JsonFields('fragment', element)
      return { ...readFragmentId(fragment), elsewhere: fragment.list('elsewhere', elsewhereMax, readPlace) }
    }),
  }
}

function readPlace(value: unknown): ColumnPlace {
  const fields = new JsonFields('place of a column', value)
  return { column: readColumn(fields), worker: fields.parsed('worker', parseWorkerId) }
}

export function encodeOutcomes(outcomes: readonly RebuildOutcome[]): Uint8Array<ArrayBuffer> {
  return encodeJson({ outcomes })
}

/** In the order of the request, one for each of its `count` fragments. */
export function decodeOutcomes(bytes: Uint8Array, count: number): readonly RebuildOutcome[] {
  const outcomes = JsonFields.decode('rebuilt', bytes).list('outcomes', fragmentsPerRebuild, readOutcome)
  if (outcomes.length !== count)
    throw new FrostError('protocol-error', `A rebuild of ${count} fragments has ${outcomes.length} outcomes.`)
  return outcomes
}

function readOutcome(value: unknown): RebuildOutcome {
  const fields = new JsonFields('outcome', value)
  const state = fields.parsed('state', (text) => rebuildStates.find((known) => known === text))
  const code = fields.optionalString('code')
  return {
    state,
    ...(fields.has('bytes') ? { bytes: fields.count('bytes') } : {}),
    ...(fields.has('readBytes') ? { readBytes: fields.count('readBytes') } : {}),
    // A code that only a newer peer knows.
    ...(code === undefined ? {} : { code: isErrorCode(code) ? code : 'internal' }),
  }
}
