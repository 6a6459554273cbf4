// Range requests (RFC 9110, section 14): turns a Range header and a file's length into the parts to send. A malformed header,
// another unit and a header with too many ranges are ignored, which the RFC allows: the whole file is sent.

export interface ByteRange {
  readonly offset: number
  /** At least 1. */
  readonly length: number
}

export type RangePlan =
  | { readonly kind: 'whole' }
  | { readonly kind: 'unsatisfiable' }
  | { readonly kind: 'parts'; readonly parts: readonly ByteRange[] }

/** More ranges than this in one request are a mistake or an attack; the answer is the whole file. */
export const rangesMax = 32

const whole: RangePlan = { kind: 'whole' }
const unsatisfiable: RangePlan = { kind: 'unsatisfiable' }
const headerCharactersMax = 2048
const spec = /^[ \t]*(?:(\d+)-(\d*)|-(\d+))[ \t]*$/

export function planRanges(header: string | undefined, sizeBytes: number): RangePlan {
  if (header === undefined || header.length > headerCharactersMax || !/^bytes=/i.test(header)) return whole
  const parts: ByteRange[] = []
  let count = 0
  for (const text of header.slice(6).split(',')) {
    if (text.trim() === '') continue // a list may have empty elements
    const range = parseRange(text, sizeBytes)
    if (range === 'malformed' || ++count > rangesMax) return whole
    if (range === 'whole-of-empty') return whole
    if (range !== 'outside') parts.push(range)
  }
  if (count === 0) return whole
  return parts.length === 0 ? unsatisfiable : { kind: 'parts', parts: coalesce(parts) }
}

function parseRange(text: string, sizeBytes: number): ByteRange | 'malformed' | 'outside' | 'whole-of-empty' {
  const match = spec.exec(text)
  if (match === null) return 'malformed'
  const [, firstText, lastText, suffixText] = match
  if (suffixText !== undefined) {
    const length = Math.min(Number(suffixText), sizeBytes)
    if (length > 0) return { offset: sizeBytes - length, length }
    // A suffix of an empty file is all of it, and no Content-Range can say so.
    return Number(suffixText) > 0 ? 'whole-of-empty' : 'outside'
  }
  const first = Number(firstText)
  const last = lastText === undefined || lastText === '' ? Number.POSITIVE_INFINITY : Number(lastText)
  if (last < first) return 'malformed'
  if (first >= sizeBytes) return 'outside'
  return { offset: first, length: Math.min(last, sizeBytes - 1) - first + 1 }
}

/** Ranges that overlap or touch are joined, so that no byte is sent twice; otherwise the client's order is kept. */
function coalesce(parts: readonly ByteRange[]): readonly ByteRange[] {
  const sorted = parts.toSorted((left, right) => left.offset - right.offset)
  const joined: ByteRange[] = []
  for (const part of sorted) {
    const last = joined.at(-1)
    if (last === undefined || part.offset > last.offset + last.length) {
      joined.push(part)
    } else {
      const end = Math.max(last.offset + last.length, part.offset + part.length)
      joined[joined.length - 1] = { offset: last.offset, length: end - last.offset }
    }
  }
  return joined.length === parts.length ? parts : joined
}
