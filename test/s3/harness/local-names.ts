// Names below `localhost`, which many resolvers take for this machine, and some do not: here they are, whatever the resolver does.

import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { buffer } from 'node:stream/consumers'
import type { LookupFunction } from 'node:net'

const toLoopback: LookupFunction = (_name, { all }, done) => {
  if (all === true) done(null, [{ address: '127.0.0.1', family: 4 }])
  else done(null, '127.0.0.1', 4)
}

/** For the `requestHandler` of an AWS client; `destroy` it afterwards. */
export function loopbackAgents(): { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent } {
  const options = { lookup: toLoopback, keepAlive: true }
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) }
}

export interface LocalAnswer {
  readonly status: number
  readonly body: Buffer
}

/** One request on a connection of its own, to this machine, whatever the host of the URL is. */
export async function requestLocally(
  url: string,
  options: {
    readonly method?: string
    readonly body?: string | Uint8Array
    readonly headers?: Readonly<Record<string, string>>
  } = {},
): Promise<LocalAnswer> {
  const { method = 'GET', body, headers = {} } = options
  const { promise, resolve, reject } = Promise.withResolvers<LocalAnswer>()
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  const request = send(url, { method, headers: { ...headers, ...length }, agent: false, lookup: toLoopback })
  request.on('error', reject)
  request.on('response', (response) => {
    buffer(response).then((bytes) => resolve({ status: response.statusCode ?? 0, body: bytes }), reject)
  })
  request.end(body)
  return await promise
}
