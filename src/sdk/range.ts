// Byte ranges as HTTP writes them (RFC 9110, section 14).

import { FrostByteError } from './errors.ts'

/** From `first` to `last`, both included, or to the end; or the last `suffixBytes` bytes. */
export type ByteRange =
  | { readonly first: number; readonly last?: number | undefined }
  | { readonly suffixBytes: number }

/** The value of a Range header. @throws FrostByteError `option-invalid`. */
export function rangeHeader(range: ByteRange): string {
  if ('suffixBytes' in range) return `bytes=-${whole('suffixBytes', range.suffixBytes)}`
  const first = whole('first', range.first)
  if (range.last === undefined) return `bytes=${first}-`
  const last = whole('last', range.last)
  if (last < first)
    throw new FrostByteError('option-invalid', `the range ends at ${last}, before its start at ${first}`)
  return `bytes=${first}-${last}`
}

/** Reads `FIRST-LAST`, `FIRST-` and `-SUFFIX`. `undefined`: it is none of them. */
export function parseByteRange(text: string): ByteRange | undefined {
  const [, first, last] = /^(\d{0,15})-(\d{0,15})$/.exec(text) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  if (first === '') return { suffixBytes: Number(last) }
  if (last === '') return { first: Number(first) }
  return Number(last) < Number(first) ? undefined : { first: Number(first), last: Number(last) }
}

export interface ContentRange {
  readonly first: number
  readonly last: number
  /** Of the whole file. */
  readonly sizeBytes: number
}

/** Reads `bytes FIRST-LAST/SIZE`. `undefined`: it is not that. */
export function parseContentRange(header: string | null): ContentRange | undefined {
  const [, first, last, size] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(header ?? '') ?? []
  const range = { first: Number(first), last: Number(last), sizeBytes: Number(size) }
  return range.first <= range.last && range.last < range.sizeBytes ? range : undefined
}

function whole(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new FrostByteError('option-invalid', `${name} of the range is ${value}, but must be a whole number from 0`)
}
