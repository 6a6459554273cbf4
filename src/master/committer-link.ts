// The way of a master process that does not commit to the one that does: one connection, made anew when it is needed and broken. Metadata
// commands go over it; whether one was decided when the connection broke is not known, and its caller repeats it.

import { FrostError } from '../base/errors.ts'
import { SECOND_MS } from '../base/units.ts'
import type { CommandChannel } from '../meta/forwarding.ts'
import { connectPeer } from '../rpc/connect.ts'
import type { RpcNode } from '../rpc/connect.ts'
import { methods } from '../rpc/messages/methods.ts'
import type { RpcPeer } from '../rpc/peer.ts'

const connectTimeoutMs = 2 * SECOND_MS
const commandDeadlineMs = 10 * SECOND_MS
const noHeader = new Uint8Array(0)

export class CommitterLink implements CommandChannel {
  readonly #node: RpcNode
  readonly #address: string
  #connecting: Promise<RpcPeer> | undefined
  #peer: RpcPeer | undefined

  /** `address`: `host:port` of the committing process. */
  constructor(node: RpcNode, address: string) {
    this.#node = node
    this.#address = address
  }

  /**
   * @throws FrostError `metadata-unavailable`: it was not sent; `outcome-unknown`: it was, and nobody knows what became of it.
   */
  async send(command: Uint8Array): Promise<Uint8Array> {
    const peer = await this.#connected()
    try {
      const response = await peer.request(methods.metadataCommand, noHeader, {
        deadlineMs: commandDeadlineMs,
        body: [command],
      })
      const result = (response.body ?? noHeader).slice()
      response.release()
      return result
    } catch (cause) {
      throw new FrostError('outcome-unknown', 'The committing process did not answer.', { cause })
    }
  }

  async close(): Promise<void> {
    await this.#peer?.close(SECOND_MS)
  }

  async #connected(): Promise<RpcPeer> {
    if (this.#peer?.open === true) return this.#peer
    this.#connecting ??= connectPeer(this.#node, { address: this.#address, timeoutMs: connectTimeoutMs }).finally(
      () => {
        this.#connecting = undefined
      },
    )
    try {
      this.#peer = await this.#connecting
      return this.#peer
    } catch (cause) {
      throw new FrostError('metadata-unavailable', `The committing process at ${this.#address} cannot be reached.`, {
        cause,
        retryAfterSeconds: 1,
      })
    }
  }
}
