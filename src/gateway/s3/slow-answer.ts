// Answers that may be long in coming, because bytes are read or written anew for them: CopyObject and UploadPartCopy. As with AWS, one that
// is not there in time begins as a success, and white space keeps clients and proxies from giving up; what comes of it stands in its
// document, an error too, for which AWS's clients look there. Most end before that, with the status and all headers of their own.
// Source: "Copying, moving, and renaming objects", and the API reference of CopyObject ("Response and special errors").

import { SECOND_MS } from '../../base/units.ts'
import type { Clock, Timer } from '../../ports/clock.ts'
import type { Exchange } from '../http/exchange.ts'
import { xmlHeaders } from './s3-call.ts'
import { xmlDeclaration } from './xml-text.ts'

export interface KeepAlive {
  /** How long nothing is sent at first. */
  readonly firstMs: number
  /** Between two spaces from then on. */
  readonly everyMs: number
}

/** The shortest time that widespread clients and proxies wait is 30 s. */
export const keepAliveByDefault: KeepAlive = { firstMs: 20 * SECOND_MS, everyMs: 10 * SECOND_MS }

export interface SlowWork {
  /** Headers that are known at once, flat; those of the result are left out of an answer that begins before it. */
  readonly early: readonly string[]
  /** Whether bytes are read for it. Everything else has its own status, however long it takes. */
  readonly isLong: boolean
  readonly run: () => Promise<{ readonly headers: string[]; readonly document: string }>
}

/** Resolves when the answer is complete, or nobody waits for it. @throws what `run` throws, where the answer has not begun. */
export async function answerInTime(
  exchange: Exchange,
  { clock, keepAlive }: { readonly clock: Clock; readonly keepAlive: KeepAlive },
  { early, isLong, run }: SlowWork,
): Promise<void> {
  if (!isLong) {
    const { headers, document } = await run()
    exchange.send(200, headers, document)
    return
  }
  const waiting = new Waiting(exchange, clock, { ...keepAlive, early })
  try {
    const { headers, document } = await run()
    if (!waiting.end(document)) exchange.send(200, headers, document)
  } catch (error) {
    if (!waiting.hasBegun) throw error
    waiting.end(exchange.describeLate(error))
  } finally {
    waiting.stop()
  }
}

class Waiting {
  readonly #exchange: Exchange
  readonly #clock: Clock
  readonly #options: KeepAlive & { readonly early: readonly string[] }
  #timer: Timer
  hasBegun = false

  constructor(exchange: Exchange, clock: Clock, options: KeepAlive & { readonly early: readonly string[] }) {
    this.#exchange = exchange
    this.#clock = clock
    this.#options = options
    this.#timer = clock.startTimer(options.firstMs, () => this.#begin())
  }

  stop(): void {
    this.#timer.cancel()
  }

  /** Whether the answer had begun, and has ended with this. */
  end(document: string): boolean {
    this.stop()
    if (!this.hasBegun) return false
    // The declaration stands before the spaces.
    if (!this.#exchange.isClosed)
      this.#send(document.slice(document.startsWith(xmlDeclaration) ? xmlDeclaration.length : 0))
    this.#exchange.response.end()
    return true
  }

  #begin(): void {
    if (this.#exchange.isClosed) return
    this.hasBegun = true
    this.#exchange.startBody(200, [...xmlHeaders, ...this.#options.early])
    this.#send(xmlDeclaration)
    this.#await()
  }

  #await(): void {
    this.#timer = this.#clock.startTimer(this.#options.everyMs, () => {
      if (this.#exchange.isClosed) return
      this.#send(' ')
      this.#await()
    })
  }

  #send(text: string): void {
    this.#exchange.bytesSent += Buffer.byteLength(text)
    this.#exchange.response.write(text)
  }
}
