// One request of the S3 API, once it is known what it is and who sent it; and what its handler works with.

import type { IncomingHttpHeaders } from 'node:http'

import type { ObjectService } from '../../master/object-service.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Compute } from '../../ports/compute.ts'
import type { Random } from '../../ports/random.ts'
import type { EncryptedObjects } from '../encryption/encrypted-objects.ts'
import type { Exchange } from '../http/exchange.ts'
import type { StallWatch } from '../http/stall-watch.ts'
import type { AccessLogs } from './access-log/access-logs.ts'
import type { BucketCache, BucketState } from './bucket-cache.ts'
import type { S3Access } from './access.ts'
import type { OwnerNames } from './owner-names.ts'
import type { Webhooks } from './events/webhooks.ts'
import type { OperationName } from './operations-table.ts'
import type { S3Query } from './s3-query.ts'
import type { Sender } from './sender.ts'
import type { KeepAlive } from './slow-answer.ts'

export interface S3Parts {
  readonly objects: ObjectService
  readonly buckets: BucketCache
  readonly clock: Clock
  readonly compute: Compute
  readonly random: Random
  readonly access: S3Access
  readonly owners: OwnerNames
  /** Content that is encrypted, as clients see it. */
  readonly encrypted: EncryptedObjects
  /** Whether a customer's key (SSE-C) is taken over plain HTTP, where others can read it. */
  readonly takesKeysOverHttp: boolean
  /** Of answers that are long in coming. */
  readonly keepAlive: KeepAlive
  /** Watches uploads that stand still. */
  readonly uploadWatch: StallWatch
  readonly accessLogs: AccessLogs
  /** Where events can go. */
  readonly webhooks: Pick<Webhooks, 'has' | 'test'>
  readonly region: string
  /** Makes continuation tokens that nobody else can make: 32 bytes, the same in all processes of the cluster. */
  readonly tokenKey: Uint8Array
  /** How long a day of lifecycle rules is. */
  readonly lifecycleDayMs: number
}

/** What comes to light while a call is served, for who tells of it afterwards. */
export interface CallNotes {
  /** Where only the body says it: a form's key, and who signed its policy. */
  key?: string
  sender?: Sender
  /** Of the object that it is about, as clients see it. */
  objectBytes?: number
  /** An ACL allowed it, and nothing else did. */
  wasAllowedByAcl?: boolean
  /** By DeleteObjects. */
  deleted?: readonly DeletedNote[]
}

export interface DeletedNote {
  readonly key: string
  readonly versionId: string | undefined
  /** Of the error. */
  readonly code: string | undefined
  readonly status: number
}

export interface S3Call {
  readonly exchange: Exchange
  readonly operation: OperationName
  /** Empty for calls of the service. */
  readonly bucket: string
  /** Empty for calls of a bucket. */
  readonly key: string
  /** The host names the bucket, not the path. */
  readonly isVirtualHosted: boolean
  readonly query: S3Query
  readonly headers: IncomingHttpHeaders
  readonly sender: Sender
  /** Of the bucket. For the calls of the service, and CreateBucket, there is none. */
  readonly state: BucketState | undefined
  readonly notes: CallNotes
}

/** A call of a bucket that is there. */
export interface BucketCall extends S3Call {
  readonly state: BucketState
}

/** Ends the exchange with an answer, or throws. */
export type Handler = (call: S3Call, parts: S3Parts) => Promise<void> | void
export type BucketHandler = (call: BucketCall, parts: S3Parts) => Promise<void> | void

export const xmlHeaders: readonly string[] = ['Content-Type', 'application/xml']

export function sendXml(call: S3Call, body: string, status = 200): void {
  call.exchange.send(status, [...xmlHeaders], body)
}

/** 200 without a body, or 204. */
export function sendNothing(call: S3Call, status: 200 | 204, headers: string[] = []): void {
  call.exchange.send(status, headers, undefined)
}

/** The value of a header that came once or several times. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(',') : value
}
