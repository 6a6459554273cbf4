// A proxy between the driver and a server that reads what goes through: it loses the reply to a command, delays, changes bytes, and
// can turn to another server.

import { TcpProxy } from '../harness/tcp-proxy.ts'
import type { ProxiedPair } from '../harness/tcp-proxy.ts'

export class MongoProxy {
  /** Where new connections go. */
  targetPort: number
  /** The reply to the next command of this name is lost, and its connection with it. */
  losesReplyTo: string | undefined
  repliesLost = 0
  /** Each way. */
  delayMs = 0
  /** Of what the server says. */
  rewrite: (chunk: Buffer) => Buffer = (chunk) => chunk
  #proxy: TcpProxy | undefined

  private constructor(targetPort: number) {
    this.targetPort = targetPort
  }

  static async open(targetPort: number): Promise<MongoProxy> {
    const proxy = new MongoProxy(targetPort)
    const target = (): string => `127.0.0.1:${proxy.targetPort}`
    proxy.#proxy = await TcpProxy.open(target, (pair) => proxy.#join(pair))
    return proxy
  }

  get port(): number {
    return this.#proxy?.port ?? 0
  }

  reset(): void {
    this.#proxy?.reset()
  }

  async close(): Promise<void> {
    await this.#proxy?.close()
  }

  #join({ dialler, server }: ProxiedPair): void {
    let losesNext = false
    dialler.on('data', (chunk: Buffer) => {
      const { losesReplyTo } = this
      if (losesReplyTo !== undefined && chunk.includes(losesReplyTo)) {
        losesNext = true
        this.losesReplyTo = undefined
      }
      this.#later(() => server.write(chunk))
    })
    server.on('data', (chunk: Buffer) => {
      if (!losesNext) return this.#later(() => dialler.write(this.rewrite(chunk)))
      this.repliesLost += 1
      dialler.destroy()
    })
  }

  #later(action: () => void): void {
    if (this.delayMs === 0) action()
    else setTimeout(action, this.delayMs)
  }
}
