// What is written down with a change, for who is told of it: events.

import type { ChangeCause } from '../../meta/contract/change-metadata.ts'
import type { S3Call, S3Parts } from './s3-call.ts'
import { canonicalIdOf } from './sender.ts'

/** `event`: as S3 names it. `undefined`: the bucket tells nobody. */
export function causeOf(call: S3Call, { clock }: Pick<S3Parts, 'clock'>, event: string): ChangeCause | undefined {
  if (call.state?.has('notification') !== true) return undefined
  const principal = canonicalIdOf(call.sender)
  const { remoteAddress: address, requestId } = call.exchange
  return { event, atMs: clock.wallMs(), requestId, address, ...(principal === undefined ? {} : { principal }) }
}
