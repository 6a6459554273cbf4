// Copies every row of one store into another, and compares them afterwards. Rows travel as they are: nothing of them is understood here.

import { FrostError } from '../../base/errors.ts'
import { MIB } from '../../base/units.ts'
import type { ByteString, KeyRange, KeyValueEntry } from '../../ports/key-value.ts'

const pageRows = 1_000
const pageBytes = 4 * MIB
/** Beyond every key, whose first byte is its table. */
const end = '\xff\xff'

/** Entries of a range, in the order of their keys. */
export type ReadRange = (range: KeyRange) => Promise<readonly KeyValueEntry[]>
export type WriteRows = (rows: readonly KeyValueEntry[]) => Promise<void>

/** Resolves to how many rows there are. */
export async function copyRows(read: ReadRange, write: WriteRows): Promise<number> {
  let count = 0
  for await (const page of pagesOf(read)) {
    for (const part of partsOf(page)) await write(part)
    count += page.length
  }
  return count
}

/** @throws FrostError `store-corrupt`: the two differ. */
export async function compareRows(left: ReadRange, right: ReadRange): Promise<void> {
  const others = pagesOf(right)
  for await (const page of pagesOf(left)) {
    const { value } = await others.next()
    if (!isSame(page, value ?? [])) throw differ()
  }
  if ((await others.next()).done !== true) throw differ()
}

async function* pagesOf(read: ReadRange): AsyncGenerator<readonly KeyValueEntry[], undefined> {
  let from: ByteString = '\x01'
  for (;;) {
    const page = await read({ from, to: end, limit: pageRows })
    if (page.length > 0) yield page
    const last = page.at(-1)
    if (last === undefined || page.length < pageRows) return undefined
    from = `${last[0]}\0`
  }
}

/** What one transaction may hold; single rows can be large. */
function partsOf(page: readonly KeyValueEntry[]): readonly (readonly KeyValueEntry[])[] {
  const parts: KeyValueEntry[][] = []
  let bytes = pageBytes
  for (const entry of page) {
    if (bytes >= pageBytes) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(entry)
    bytes += entry[1].length
  }
  return parts
}

function isSame(left: readonly KeyValueEntry[], right: readonly KeyValueEntry[]): boolean {
  return (
    left.length === right.length &&
    left.every(([key, row], index) => {
      const other = right[index]
      return other !== undefined && other[0] === key && Buffer.compare(other[1], row) === 0
    })
  )
}

function differ(): FrostError {
  return new FrostError('store-corrupt', 'The copied metadata is not what was to be copied.', {
    remedy: 'See that nothing else writes to either store, and run the command again; the source is as it was.',
  })
}
