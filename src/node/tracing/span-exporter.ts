// Sends finished spans to a collector (OTLP over HTTP, as JSON), in the background and by batches. What the collector does not take is
// given up: no request ever waits for a trace, and no more than `queueMax` spans are kept.

import { setTimeout as sleep } from 'node:timers/promises'

import { SECOND_MS } from '../../base/units.ts'
import type { Log } from '../../ports/log.ts'
import type { SpanAttributes } from '../../ports/tracing.ts'
import { encodeSpans } from './otlp-json.ts'
import type { FinishedSpan } from './otlp-json.ts'

export interface SpanExporterOptions {
  /** The whole address, as `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string
  /** Such as credentials. Never logged. */
  readonly headers: Readonly<Record<string, string>>
  readonly resource: SpanAttributes
}

const queueMax = 4096
const batchMax = 512
const everyMs = SECOND_MS
const timeoutMs = 10 * SECOND_MS
const closeMaxMs = 2 * SECOND_MS
const warnEveryMs = 60 * SECOND_MS

export class SpanExporter {
  readonly #log: Log
  readonly #options: SpanExporterOptions
  readonly #queue: FinishedSpan[] = []
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #lost = 0
  #warnedMs = -Infinity

  constructor(log: Log, options: SpanExporterOptions) {
    this.#log = log
    this.#options = options
  }

  add(span: FinishedSpan): void {
    if (this.#queue.length >= queueMax) {
      this.#lost++
      return
    }
    this.#queue.push(span)
    if (this.#queue.length >= batchMax) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), everyMs).unref()
  }

  /** Sends what is left, once, and waits for at most two seconds: a collector that hangs must not keep the process. */
  async close(): Promise<void> {
    const sent = async (): Promise<void> => {
      await this.#sending
      this.#send()
      await this.#sending
    }
    await Promise.race([sent(), sleep(closeMaxMs, undefined, { ref: false })])
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#sending !== undefined || this.#queue.length === 0) return
    const batch = this.#queue.splice(0, batchMax)
    this.#sending = this.#post(batch).finally(() => {
      this.#sending = undefined
      if (this.#queue.length >= batchMax) this.#send()
      else if (this.#queue.length > 0) this.#timer ??= setTimeout(() => this.#send(), everyMs).unref()
    })
  }

  async #post(batch: readonly FinishedSpan[]): Promise<void> {
    const { url, headers, resource } = this.#options
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: encodeSpans(resource, batch),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      await response.body?.cancel()
      if (!response.ok) throw new Error(`status ${response.status}`)
    } catch (error) {
      this.#lost += batch.length
      this.#warn(error)
    }
  }

  #warn(error: unknown): void {
    const nowMs = performance.now()
    if (nowMs - this.#warnedMs < warnEveryMs) return
    this.#warnedMs = nowMs
    const reason = error instanceof Error ? error.message : String(error)
    this.#log.warn('The collector of traces does not take spans.', { reason, lostSpans: this.#lost })
  }
}
