// What is written down with a change, for who is told of it: events. Whom the bucket's configurations want told is decided here, by what
// holds as the request is served, so that nothing has to be looked up when it is told.

import type { ChangeCause, ChangeNotice } from '../../meta/contract/change-metadata.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Principal } from '../auth/principal.ts'
import type { Exchange } from '../http/exchange.ts'
import type { BucketCache, BucketState } from './bucket-cache.ts'
import { notificationConfiguration } from './documents/notification-configuration.ts'
import { webhookOfArn } from './events/webhook-arn.ts'
import { matchingTargets } from './rules/notification.ts'
import type { S3Call, S3Parts } from './s3-call.ts'

/** What happens to a key, and by whom. */
export type ChangeOrigin = Pick<ChangeCause, 'event' | 'atMs' | 'requestId' | 'address' | 'principal'> & {
  readonly key: string
}

/** `event`: as S3 names it; of a delete, that of a delete without a marker. `undefined`: nobody is to be told. */
export function causeOf(
  call: S3Call,
  { clock }: Pick<S3Parts, 'clock'>,
  event: string,
  key = call.key,
): ChangeCause | undefined {
  const { state, exchange, sender } = call
  if (state === undefined) return undefined
  return causeOfExchange(state, exchange, { event, key, atMs: clock.wallMs(), sender: sender.principal })
}

/** For changes that no request asked for. */
export function causeIn(state: BucketState, { key, ...origin }: ChangeOrigin): ChangeCause | undefined {
  if (!state.has('notification')) return undefined
  const notices = noticesOf(state, origin.event, key)
  if (notices.length === 0) return undefined
  const { owner: bucketOwner } = state.row
  return { ...origin, notices, ...(bucketOwner === undefined ? {} : { bucketOwner }) }
}

/** Of one bucket. `undefined`: nobody is to be told. */
export type BucketCauses = (exchange: Exchange, what: Pick<ChangeOrigin, 'event' | 'key'>) => ChangeCause | undefined

/** For a face that has no need of the bucket's settings otherwise. */
export class CauseSource {
  readonly #buckets: BucketCache
  readonly #clock: Clock

  constructor({ buckets, clock }: { readonly buckets: BucketCache; readonly clock: Clock }) {
    this.#buckets = buckets
    this.#clock = clock
  }

  /** `undefined`: the bucket tells nobody of anything. @throws FrostError `bucket-not-found`. */
  async of(bucket: string): Promise<BucketCauses | undefined> {
    const state = await this.#buckets.get(bucket)
    if (!state.has('notification')) return undefined
    return (exchange, what) =>
      causeOfExchange(state, exchange, { ...what, atMs: this.#clock.wallMs(), sender: exchange.principal })
  }
}

function causeOfExchange(
  state: BucketState,
  exchange: Exchange,
  { sender, ...what }: Pick<ChangeOrigin, 'event' | 'key' | 'atMs'> & { readonly sender: Principal },
): ChangeCause | undefined {
  if (!state.has('notification')) return undefined
  const { remoteAddress: address, requestId } = exchange
  const principal = sender.user?.canonicalId
  return causeIn(state, { ...what, requestId, address, ...(principal === undefined ? {} : { principal }) })
}

/** Whether a delete leaves a marker is known only to its commit: both are asked for. */
function noticesOf(state: BucketState, event: string, key: string): readonly ChangeNotice[] {
  const configuration = state.setting('notification', notificationConfiguration)
  if (configuration === undefined) return []
  const wanted = (name: string, marker: Pick<ChangeNotice, 'marker'>): ChangeNotice[] =>
    matchingTargets(configuration, name, key).flatMap(({ arn, id = '' }) => {
      const target = webhookOfArn(arn)
      return target === undefined ? [] : [{ target, configuration: id, ...marker }]
    })
  const marked = markerEvents.get(event)
  return [...wanted(event, {}), ...(marked === undefined ? [] : wanted(marked, { marker: true }))]
}

/** The event where a delete leaves a marker, by that where it leaves none. */
const markerEvents: ReadonlyMap<string, string> = new Map([
  ['s3:ObjectRemoved:Delete', 's3:ObjectRemoved:DeleteMarkerCreated'],
  ['s3:LifecycleExpiration:Delete', 's3:LifecycleExpiration:DeleteMarkerCreated'],
])
