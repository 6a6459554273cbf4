// Where the pieces of a file lie, as the layout call tells it, all its pages together.

import type { FileClient } from './file-client.ts'

export interface Piece {
  readonly kind: 'data' | 'parity'
  /** Of a data chunk in the file; of a parity piece, its stripe's. */
  readonly index: number
  readonly block: number
  readonly stripe: number
  readonly column: number
  readonly length: number
  /** Eight hex digits. */
  readonly crc32: string
  readonly worker: string
}

export async function layoutPieces(client: FileClient, name: string): Promise<readonly Piece[]> {
  const all: Piece[] = []
  let after = -1
  for (;;) {
    const query = `filename=${encodeURIComponent(name)}&limit=1000&after=${after}`
    const response = await fetch(`${client.url}/api/v1/layout?${query}`)
    if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`)
    const page = (await response.json()) as { readonly pieces: readonly Piece[]; readonly next: number | null }
    all.push(...page.pieces)
    if (page.next === null) return all
    after = page.next
  }
}
