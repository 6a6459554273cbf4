// Asks a worker to read and check fragments that it should hold, without sending them anywhere.

import { parseGroupId } from '../../base/ids.ts'
import type { GroupId } from '../../base/ids.ts'
import { FrostError } from '../../base/errors.ts'
import { readFragmentId } from './fragment-sets.ts'
import type { FragmentId } from './fragment-sets.ts'
import { JsonFields, encodeJson } from './json-fields.ts'

export interface VerifyFragmentsRequest {
  readonly group: GroupId
  /** At most `fragmentsPerVerify`. */
  readonly fragments: readonly FragmentId[]
}

export const fragmentsPerVerify = 256
const states = ['good', 'missing', 'damaged'] as const
export type FragmentState = (typeof states)[number]

export function encodeVerify(request: VerifyFragmentsRequest): Uint8Array<ArrayBuffer> {
  return encodeJson(request)
}

export function decodeVerify(bytes: Uint8Array): VerifyFragmentsRequest {
  const fields = JsonFields.decode('verify', bytes)
  return {
    group: fields.parsedCount('group', parseGroupId),
    fragments: fields.list('fragments', fragmentsPerVerify, (element) =>
      readFragmentId(new JsonFields('fragment', element)),
    ),
  }
}

export function encodeStates(found: readonly FragmentState[]): Uint8Array<ArrayBuffer> {
  return encodeJson({ states: found })
}

/** In the order of the request, one for each of its `count` fragments. */
export function decodeStates(bytes: Uint8Array, count: number): readonly FragmentState[] {
  const found = JsonFields.decode('verified', bytes).list('states', fragmentsPerVerify, (element) =>
    new JsonFields('verified', { state: element }).parsed('state', (text) => states.find((known) => known === text)),
  )
  if (found.length === count) return found
  throw new FrostError('protocol-error', `A verification of ${count} fragments has ${found.length} answers.`)
}
