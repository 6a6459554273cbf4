// What is stored of an object's encryption: the parameters of its version's transform. No secret among them opens without the key
// ring or the customer's key.
//
// parameters: version u16 1 · fields as in codec/typed-fields.ts, numbers and lengths in little-endian order:
//   1 u8    what the data key is wrapped under: 1 SSE-S3, 2 SSE-KMS, 3 SSE-C
//   2 u8    how the content lies: 0 put at once, 1 in parts
//   3 bytes the wrapped data key (key-wrapping.ts), 64 bytes
//   4 u64   generation of the master key (SSE-S3, SSE-KMS)
//   5 text  id of the master key (SSE-KMS)
//   6 map   the encryption context as the client gave it (SSE-KMS, if any)
//   7 u8    whether the client asked for a bucket key (SSE-KMS, if it said)
//   8 bytes the parts, where the version does not list them (a copy): runs of first number u32 · count u32 · length u64 of each

import { FrostError } from '../../base/errors.ts'
import {
  decodeFields,
  decodeText,
  decodeTextMap,
  FieldWriter,
  readNumber,
  writeNumber,
} from '../../codec/typed-fields.ts'
import type { Field } from '../../codec/typed-fields.ts'
import type { Transform } from '../../meta/contract/version-row.ts'
import { wrappedKeyBytes } from './key-wrapping.ts'
import type { PlainPart } from './stream-format.ts'

export type KeyReference =
  | { readonly kind: 'sse-s3'; readonly generation: number }
  | {
      readonly kind: 'sse-kms'
      readonly keyId: string
      readonly generation: number
      readonly context: ReadonlyMap<string, string>
      readonly bucketKeyEnabled: boolean | undefined
    }
  | { readonly kind: 'sse-c' }

export interface EncryptionParameters {
  readonly key: KeyReference
  readonly wrapped: Uint8Array
  readonly layout: 'whole' | 'parts'
  /** Where the version itself does not say it. */
  readonly parts?: readonly PlainPart[] | undefined
}

/** Of `Transform.kind`. */
const encryptionKind = 'encryption'

const version = 1
const partsMax = 10_000
const runBytes = 16
const keyIdCharactersMax = 128
const kinds = { 'sse-s3': 1, 'sse-kms': 2, 'sse-c': 3 } as const
const type = { byte: 1, bytes: 2, number: 3, text: 4, map: 5 }
const damage = 'store-corrupt'

export function encodeEncryption({ key, wrapped, layout, parts }: EncryptionParameters): Transform {
  const fields = new FieldWriter(version)
  fields.bytes(1, type.byte, Uint8Array.of(kinds[key.kind]))
  fields.bytes(2, type.byte, Uint8Array.of(layout === 'whole' ? 0 : 1))
  fields.bytes(3, type.bytes, wrapped)
  if (key.kind !== 'sse-c') fields.number(4, type.number, key.generation)
  if (key.kind === 'sse-kms') {
    fields.text(5, type.text, key.keyId)
    if (key.context.size > 0) fields.textMap(6, type.map, key.context)
    if (key.bucketKeyEnabled !== undefined) fields.bytes(7, type.byte, Uint8Array.of(key.bucketKeyEnabled ? 1 : 0))
  }
  if (parts !== undefined) fields.bytes(8, type.bytes, encodeParts(parts))
  return { kind: encryptionKind, parameters: fields.finish().slice() }
}

/**
 * `undefined`: the content is not encrypted.
 * @throws FrostError `store-corrupt`, `format-unsupported`: made by a later version.
 */
export function decodeEncryption(transform: Transform | undefined): EncryptionParameters | undefined {
  if (transform === undefined) return undefined
  if (transform.kind !== encryptionKind) {
    throw new FrostError('format-unsupported', `The content was transformed by "${transform.kind}".`)
  }
  const { parameters } = transform
  if (parameters.length >= 2 && (parameters[0] !== version || parameters[1] !== 0)) {
    throw new FrostError('format-unsupported', 'The encryption of the content has a later version.')
  }
  const fields = decodeFields(version, parameters, damage)
  for (const tag of fields.keys()) if (tag > 8) throw new FrostError('format-unsupported', `encryption field ${tag}`)
  const wrapped = fieldOf(fields, 3, type.bytes).value.slice()
  if (wrapped.length !== wrappedKeyBytes) throw corrupt('a wrapped key of another length')
  const isInParts = byteOf(fields, 2) === 1
  const runs = fields.has(8) ? fieldOf(fields, 8, type.bytes) : undefined
  if (runs !== undefined && !isInParts) throw corrupt('parts of what was put at once')
  return {
    key: keyOf(fields),
    wrapped,
    layout: isInParts ? 'parts' : 'whole',
    ...(runs === undefined ? {} : { parts: decodeParts(runs.value) }),
  }
}

function keyOf(fields: ReadonlyMap<number, Field>): KeyReference {
  const kind = fieldOf(fields, 1, type.byte).value
  switch (kind.length === 1 ? kind[0] : undefined) {
    case kinds['sse-c']:
      return { kind: 'sse-c' }
    case kinds['sse-s3']:
      return { kind: 'sse-s3', generation: generationOf(fields) }
    case kinds['sse-kms']: {
      const keyId = decodeText(fieldOf(fields, 5, type.text).value, damage)
      if (keyId.length === 0 || keyId.length > keyIdCharactersMax) throw corrupt('a key id of another length')
      return {
        kind: 'sse-kms',
        keyId,
        generation: generationOf(fields),
        context: fields.has(6) ? decodeTextMap(fieldOf(fields, 6, type.map).value, damage) : new Map(),
        bucketKeyEnabled: fields.has(7) ? byteOf(fields, 7) === 1 : undefined,
      }
    }
    default:
      throw corrupt('an unknown kind of key')
  }
}

function generationOf(fields: ReadonlyMap<number, Field>): number {
  const { value } = fieldOf(fields, 4, type.number)
  if (value.length !== 8) throw corrupt('a generation of another length')
  return readNumber(viewOf(value), 0, damage)
}

/** 0 or 1. */
function byteOf(fields: ReadonlyMap<number, Field>, tag: number): number {
  const { value } = fieldOf(fields, tag, type.byte)
  const [byte] = value
  if (value.length !== 1 || byte === undefined || byte > 1) throw corrupt(`field ${tag} is none of its values`)
  return byte
}

function fieldOf(fields: ReadonlyMap<number, Field>, tag: number, expected: number): Field {
  const field = fields.get(tag)
  if (field?.type === expected) return field
  throw corrupt(`field ${tag} is missing or of another type`)
}

/** Parts mostly have one length and numbers without holes, so runs of them take 16 bytes. */
function encodeParts(parts: readonly PlainPart[]): Uint8Array {
  const runs: { first: number; count: number; readonly length: number }[] = []
  for (const { number, length } of parts) {
    const run = runs.at(-1)
    if (run?.length === length && run.first + run.count === number) run.count += 1
    else runs.push({ first: number, count: 1, length })
  }
  const bytes = new Uint8Array(runBytes * runs.length)
  const view = viewOf(bytes)
  for (const [index, { first, count, length }] of runs.entries()) {
    view.setUint32(runBytes * index, first, true)
    view.setUint32(runBytes * index + 4, count, true)
    writeNumber(view, runBytes * index + 8, length)
  }
  return bytes
}

function decodeParts(bytes: Uint8Array): readonly PlainPart[] {
  const view = viewOf(bytes)
  if (bytes.length === 0 || bytes.length % runBytes !== 0) throw corrupt('parts that end early')
  const parts: PlainPart[] = []
  for (let at = 0; at < bytes.length; at += runBytes) {
    const [first, count] = [view.getUint32(at, true), view.getUint32(at + 4, true)]
    const length = readNumber(view, at + 8, damage)
    if (first <= (parts.at(-1)?.number ?? 0) || count === 0 || first + count - 1 > partsMax) {
      throw corrupt('parts that are not in order')
    }
    for (let number = first; number < first + count; number++) parts.push({ number, length })
  }
  return parts
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function corrupt(problem: string): FrostError {
  return new FrostError(damage, `The encryption parameters of an object are damaged: ${problem}.`)
}
