// Access logs of buckets that have them: what each request was becomes a line when it has ended; lines gather in memory, and are written
// as objects to the bucket that the setting names every few minutes, sooner where there are many, and when the process stops.
//
// As with AWS they are best effort: a process that is killed takes with it what it has gathered since the last delivery; a target that
// cannot be written is tried again as long as there is room; one that does not let the logs in loses them, which the log of
// the process says. Nothing that the delivery does is logged itself.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html

import { errorCode } from '../../../base/errors.ts'
import type { Timer } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import type { Exchange } from '../../http/exchange.ts'
import { tlsSessionOf } from '../../http/tls-session.ts'
import type { TlsSession } from '../../http/tls-session.ts'
import { arnOf } from '../../policy/principal-conditions.ts'
import type { BucketState } from '../bucket-cache.ts'
import { bucketLoggingStatus } from '../documents/bucket-logging-status.ts'
import { bucketOwnerOf } from '../owners.ts'
import type { CallNotes } from '../s3-call.ts'
import type { Sender } from '../sender.ts'
import { LogBuffers } from './log-buffers.ts'
import type { LogBatch } from './log-buffers.ts'
import { deliverLogs } from './log-delivery.ts'
import type { LogDeliveryParts } from './log-delivery.ts'
import type { LoggingEnabled } from './log-keys.ts'
import { formatLogLine } from './log-line.ts'
import type { LogRecord } from './log-line.ts'

export interface AccessLogsParts extends LogDeliveryParts {
  readonly log: Log
}

export interface AccessLogsOptions {
  /** Between two deliveries. */
  readonly everyMs: number
  /** The x-amz-id-2 of all answers of this process. */
  readonly hostId: string
}

/** A request, as soon as its bucket is known. */
export interface LoggedCall {
  /** As logs name it. */
  readonly operation: string
  /** Absent: it is about no bucket that is there. */
  readonly state: BucketState | undefined
  /** Empty: none. */
  readonly key: string
  readonly versionId?: string | undefined
  /** Absent: nobody signed, or it was not found out who. */
  readonly sender?: Sender | undefined
  /** May be added to until the request has ended. */
  readonly notes?: CallNotes
}

interface Begun extends LoggedCall {
  readonly state: BucketState
  readonly setting: LoggingEnabled
  /** While there is a connection. */
  readonly remoteAddress: string
  readonly tls: TlsSession | undefined
}

export class AccessLogs {
  readonly #parts: AccessLogsParts
  readonly #options: AccessLogsOptions
  readonly #buffers = new LogBuffers()
  readonly #begun = new WeakMap<Exchange, Begun>()
  #timer: Timer | undefined
  #delivery: Promise<void> | undefined
  #isClosed = false

  constructor(parts: AccessLogsParts, options: AccessLogsOptions) {
    this.#parts = parts
    this.#options = options
  }

  /** Only where the bucket has logs; called again, the later call counts. */
  begin(exchange: Exchange, call: LoggedCall): void {
    const { state } = call
    if (state?.has('logging') !== true) return
    const setting = state.setting('logging', bucketLoggingStatus)?.loggingEnabled
    if (setting === undefined) return
    this.#begun.set(exchange, {
      ...call,
      state,
      setting,
      remoteAddress: exchange.remoteAddress,
      tls: tlsSessionOf(exchange.request),
    })
  }

  /** Called once the exchange has ended. */
  end(exchange: Exchange): void {
    const begun = this.#begun.get(exchange)
    if (begun === undefined) return
    const { setting, state, notes = {} } = begun
    const record = this.#recordOf(exchange, begun)
    const deleted = notes.deleted?.map(({ key, versionId, code, status }) => ({
      ...record,
      operation: 'BATCH.DELETE.OBJECT',
      key,
      versionId,
      errorCode: code,
      status,
      bytesSent: 0,
      requestLine: undefined,
    }))
    let isFull = false
    for (const each of [record, ...(deleted ?? [])]) {
      if (this.#buffers.add(state.name, { text: formatLogLine(each), atMs: record.atMs, setting })) isFull = true
    }
    if (isFull) this.#deliverNow()
    else this.#startTimer()
  }

  /** Writes what has gathered. Never rejects. Can be called twice. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#delivery
    await this.#deliverAll()
  }

  #startTimer(): void {
    if (this.#isClosed || this.#timer !== undefined) return
    this.#timer = this.#parts.clock.startTimer(this.#options.everyMs, () => this.#deliverNow(), { background: true })
  }

  #deliverNow(): void {
    if (this.#delivery !== undefined || this.#isClosed) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#delivery = this.#deliverAll().finally(() => {
      this.#delivery = undefined
    })
  }

  /** One after the other: logs are in no hurry. */
  async #deliverAll(): Promise<void> {
    const { log } = this.#parts
    for (const batch of this.#buffers.take()) await this.#deliver(batch)
    const dropped = this.#buffers.takeDropped()
    if (dropped > 0) log.warn('Access logs were dropped: more gathered than there is room for.', { lines: dropped })
  }

  async #deliver(batch: LogBatch): Promise<void> {
    const { log } = this.#parts
    const { source, setting, lines } = batch
    const fields = { bucket: source, target: setting.targetBucket, lines: lines.length }
    try {
      const withheld = await deliverLogs(batch, this.#parts)
      this.#buffers.settle(batch)
      if (withheld !== undefined) log.warn(`Access logs were not delivered: ${withheld}.`, fields)
    } catch (error) {
      // A bucket that was removed is nothing that has failed.
      if (errorCode(error) === 'bucket-not-found') log.warn('Access logs were not delivered: a bucket is gone.', fields)
      else log.error('Access logs could not be written.', error, fields)
      if (this.#isClosed || !isWorthRepeating(error)) this.#buffers.settle(batch)
      else {
        this.#buffers.putBack(batch)
        this.#startTimer()
      }
    }
  }

  #recordOf(exchange: Exchange, begun: Begun): LogRecord {
    const { request, headers, durationMs, bytesReceived, startedMs, answeredMs } = exchange
    const { state, notes = {} } = begun
    const { sender = begun.sender, key = begun.key } = notes
    const atMs = this.#parts.clock.wallMs() - durationMs
    return {
      bucketOwner: bucketOwnerOf(state).id,
      bucket: state.name,
      atMs,
      remoteAddress: begun.remoteAddress,
      requester: requesterOf(sender),
      requestId: exchange.requestId,
      operation: begun.operation,
      key,
      requestLine: `${exchange.method} ${request.url ?? ''} HTTP/${request.httpVersion}`,
      status: exchange.status,
      errorCode: exchange.errorCode,
      bytesSent: exchange.bytesSent,
      objectBytes: notes.objectBytes,
      totalMs: durationMs,
      // When the last byte of a body came is not kept.
      turnAroundMs: answeredMs === undefined || bytesReceived > 0 ? undefined : answeredMs - startedMs,
      referer: headers.referer,
      userAgent: headers['user-agent'],
      versionId: begun.versionId,
      hostId: this.#options.hostId,
      signatureVersion: signatureVersionOf(sender),
      cipherSuite: begun.tls?.cipherSuite,
      authenticationType: authenticationTypeOf(sender),
      hostHeader: headers.host,
      tlsVersion: begun.tls?.version,
      wasAllowedByAcl: notes.wasAllowedByAcl === true,
    }
  }
}

function requesterOf(sender: Sender | undefined): string | undefined {
  const { user, session } = sender?.principal ?? {}
  if (sender === undefined || user === undefined) return undefined
  return session?.role === undefined ? user.canonicalId : arnOf(sender.principal)
}

function signatureVersionOf(sender: Sender | undefined): LogRecord['signatureVersion'] {
  const version = sender?.signature?.version
  return version === undefined ? undefined : version === 'v4' ? 'SigV4' : 'SigV2'
}

function authenticationTypeOf(sender: Sender | undefined): LogRecord['authenticationType'] {
  switch (sender?.signature?.place) {
    case 'header':
      return 'AuthHeader'
    case 'query':
      return 'QueryString'
    default:
      return undefined
  }
}

/** Where the bucket is gone, or the key too long, it stays so. */
function isWorthRepeating(error: unknown): boolean {
  const code = errorCode(error)
  return code !== undefined && code !== 'bucket-not-found' && code !== 'quota-exceeded'
}
