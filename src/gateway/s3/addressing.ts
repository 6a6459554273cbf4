// Which bucket and key a request is about: path-style (`/BUCKET/KEY`), or virtual-hosted where its Host is a bucket below one of the
// domains that the operator named (`BUCKET.DOMAIN`, `/KEY`). Paths are taken as they came, never folded: `a/../b` is a key of its own.
// Behind a proxy that changes the header Host, the bucket may stand in what a trusted proxy says that it was asked for, and what clients
// signed is another host than the header's: always one that names the same bucket, so that no signature counts for other bytes.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html

import { decodeText } from '../http/request-target.ts'
import type { Target } from './operations-table.ts'
import { S3Error } from './s3-error.ts'

export interface S3Address {
  readonly target: Target
  /** Empty where the service is meant. */
  readonly bucket: string
  /** Empty where no object is meant. */
  readonly key: string
  readonly isVirtualHosted: boolean
}

/** `domains`: lower case. @throws S3Error `InvalidURI`. */
export function parseAddress(path: string, host: string | undefined, domains: readonly string[]): S3Address {
  const bucketOfHost = bucketInHost(host, domains)
  if (bucketOfHost !== undefined) return addressOf(bucketOfHost, path.slice(1), true)
  const slash = path.indexOf('/', 1)
  if (slash < 0) return addressOf(path.slice(1), '', false)
  return addressOf(path.slice(1, slash), path.slice(slash + 1), false)
}

function addressOf(rawBucket: string, rawKey: string, isVirtualHosted: boolean): S3Address {
  const bucket = decodeText(rawBucket, false)
  const key = decodeText(rawKey, false)
  if (bucket === undefined || key === undefined) throw new S3Error('InvalidURI')
  if (bucket === '' && key !== '') throw new S3Error('InvalidURI')
  return { target: bucket === '' ? 'service' : key === '' ? 'bucket' : 'object', bucket, key, isVirtualHosted }
}

/** As they came: the header Host, and the host that a trusted proxy says it was asked for. */
export interface ReceivedHosts {
  readonly host: string | undefined
  readonly forwardedHost: string | undefined
}

/** Where a bucket's name may stand: in the header Host, or else in what a trusted proxy was asked for. `domains`: lower case. */
export function addressedHost({ host, forwardedHost }: ReceivedHosts, domains: readonly string[]): string | undefined {
  return bucketInHost(host, domains) === undefined ? (forwardedHost ?? host) : host
}

export interface SignedHosts {
  /** Whether the client may have signed the header Host as it came. */
  readonly isOwnHost: boolean
  /** What it may have signed in its place, likeliest first. */
  readonly others: readonly string[]
}

/**
 * The hosts for which a request may be signed: those that name the bucket which it is about, or none, as its address does.
 * `endpoints`: hosts by which clients reach a proxy; below them are those of buckets. `domains`: lower case.
 */
export function signedHosts(
  received: ReceivedHosts,
  { endpoints, domains }: { readonly endpoints: readonly string[]; readonly domains: readonly string[] },
): SignedHosts {
  const { host, forwardedHost } = received
  const bucket = bucketInHost(addressedHost(received, domains), domains)
  const below =
    bucket === undefined ? endpoints : [...endpoints, ...endpoints.map((endpoint) => `${bucket}.${endpoint}`)]
  const all = forwardedHost === undefined ? below : [forwardedHost, ...below]
  const namesSame = (name: string | undefined): boolean => bucketInHost(name, domains) === bucket
  return { isOwnHost: namesSame(host), others: all.filter(namesSame) }
}

/** `domains`: lower case. `undefined`: the host is below none of them. */
export function bucketInHost(host: string | undefined, domains: readonly string[]): string | undefined {
  if (domains.length === 0 || host === undefined) return undefined
  const name = host.toLowerCase().replace(/:\d*$/, '')
  for (const domain of domains) {
    if (name.length > domain.length + 1 && name.endsWith(domain) && name[name.length - domain.length - 1] === '.')
      return name.slice(0, name.length - domain.length - 1)
  }
  return undefined
}
