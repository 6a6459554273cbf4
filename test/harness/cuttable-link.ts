// A proxy that can be cut like a cable: nothing goes through, in one direction or both, and nobody is told. What was sent meanwhile arrives
// once it is mended, as TCP would have it, unless one side has given the connection up. What ends one side ends the other, also while
// the link is cut: it is a proxy after all, and a closed port is not silence.

import type { Socket } from 'node:net'

import { TcpProxy } from './tcp-proxy.ts'
import type { Direction, ProxiedPair } from './tcp-proxy.ts'

export type { Direction } from './tcp-proxy.ts'

export class CuttableLink {
  readonly #proxy: TcpProxy
  readonly #cut: Set<Direction>

  private constructor(proxy: TcpProxy, cut: Set<Direction>) {
    this.#proxy = proxy
    this.#cut = cut
  }

  /** `target`: host and port. */
  static async open(target: string): Promise<CuttableLink> {
    const cut = new Set<Direction>()
    const proxy = await TcpProxy.open(
      () => target,
      (pair) => {
        const { dialler, server } = pair
        forward(dialler, server, () => apply(pair, cut))
        forward(server, dialler, () => apply(pair, cut))
        apply(pair, cut)
      },
    )
    return new CuttableLink(proxy, cut)
  }

  get address(): string {
    return this.#proxy.address
  }

  cut(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#cut.add(direction)
    for (const pair of this.#proxy.pairs) apply(pair, this.#cut)
  }

  mend(): void {
    this.#cut.clear()
    for (const pair of this.#proxy.pairs) apply(pair, this.#cut)
  }

  async close(): Promise<void> {
    await this.#proxy.close()
  }
}

function forward(from: Socket, to: Socket, onDrain: () => void): void {
  from.on('data', (bytes: Buffer) => {
    if (to.write(bytes)) return
    from.pause()
    to.once('drain', onDrain)
  })
}

function apply({ dialler, server }: ProxiedPair, cut: ReadonlySet<Direction>): void {
  if (cut.has('to')) dialler.pause()
  else dialler.resume()
  if (cut.has('from')) server.pause()
  else server.resume()
}
