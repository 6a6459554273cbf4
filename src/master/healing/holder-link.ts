// Asks the process that holds the lease: it alone knows what was compared, and does what heals. One connection, made
// anew when it is needed and broken.

import { FrostError } from '../../base/errors.ts'
import type { ProcessId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { MetadataStore } from '../../meta/metadata-store.ts'
import { connectPeer } from '../../rpc/connect.ts'
import type { RpcNode } from '../../rpc/connect.ts'
import type { RpcPeer } from '../../rpc/peer.ts'
import { leaseName } from '../lease-keeper.ts'

const timeoutMs = 2 * SECOND_MS
const noHeader = new Uint8Array(0)

export class HolderLink {
  readonly #metadata: MetadataStore
  readonly #node: RpcNode
  #connected: { readonly process: ProcessId; readonly peer: Promise<RpcPeer> } | undefined

  constructor(metadata: MetadataStore, node: RpcNode) {
    this.#metadata = metadata
    this.#node = node
  }

  /** The body of the answer. @throws FrostError `peer-unreachable`, `deadline-exceeded`, or as the holder answers. */
  async ask(method: number): Promise<Uint8Array> {
    const peer = await this.#peer()
    const response = await peer.request(method, noHeader, { deadlineMs: timeoutMs })
    const body = (response.body ?? noHeader).slice()
    response.release()
    return body
  }

  async close(): Promise<void> {
    await this.#connected?.peer.then(
      async (peer) => await peer.close(SECOND_MS),
      () => undefined,
    )
  }

  async #peer(): Promise<RpcPeer> {
    const holder = (await this.#metadata.getLease(leaseName))?.holder
    const row = (await this.#metadata.listProcesses()).find(({ process }) => process === holder)
    if (row === undefined)
      throw new FrostError('peer-unreachable', 'No process does the background work now.', { retryAfterSeconds: 5 })
    const before = this.#connected
    if (before?.process === row.process) {
      const peer = await before.peer.catch(() => undefined)
      if (peer?.open === true) return peer
    }
    const peer = connectPeer(this.#node, { address: row.address, timeoutMs })
    this.#connected = { process: row.process, peer }
    return await peer
  }
}
