// The URL of an object, as the client reached the server.

import type { S3Call } from './s3-call.ts'

export function locationOf({ exchange, bucket, key, isVirtualHosted }: S3Call): string {
  const scheme = exchange.isSecure ? 'https' : 'http'
  const path = key
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/')
  const host = exchange.forwardedHost ?? exchange.headers.host ?? ''
  return `${scheme}://${host}${isVirtualHosted ? '' : `/${bucket}`}/${path}`
}
