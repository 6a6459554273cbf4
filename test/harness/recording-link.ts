// A proxy that keeps what goes through it, for tests that play a recording back.

import { TcpProxy } from './tcp-proxy.ts'
import type { Direction } from './tcp-proxy.ts'

export class RecordingLink implements AsyncDisposable {
  readonly #proxy: TcpProxy
  readonly #slices: Readonly<Record<Direction, Buffer[]>>

  private constructor(proxy: TcpProxy, slices: Readonly<Record<Direction, Buffer[]>>) {
    this.#proxy = proxy
    this.#slices = slices
  }

  /** `target`: host and port. */
  static async open(target: string): Promise<RecordingLink> {
    const slices: Record<Direction, Buffer[]> = { to: [], from: [] }
    const proxy = await TcpProxy.open(
      () => target,
      ({ dialler, server }) => {
        dialler.on('data', (bytes: Buffer) => {
          slices.to.push(bytes)
          server.write(bytes)
        })
        server.on('data', (bytes: Buffer) => {
          slices.from.push(bytes)
          dialler.write(bytes)
        })
      },
    )
    return new RecordingLink(proxy, slices)
  }

  get address(): string {
    return this.#proxy.address
  }

  /** What went through so far, of all connections in the order of arrival. */
  recorded(direction: Direction): readonly Buffer[] {
    return this.#slices[direction]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy.close()
  }
}
