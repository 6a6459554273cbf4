// HTTP requests to servers of others, over node:http and node:https: connections are kept and used again, a few for each server. Both are
// loaded by the first request that needs them: most processes send none.

import type * as http from 'node:http'
import type * as https from 'node:https'

import { SECOND_MS } from '../base/units.ts'
import { HttpFailure } from '../ports/http-client.ts'
import type { HttpAnswer, HttpClient, HttpPost } from '../ports/http-client.ts'

/** Sockets are for each server, and closed after that time without a byte. */
const agentOptions = { keepAlive: true, maxSockets: 32, maxFreeSockets: 8, timeout: 30 * SECOND_MS }
/** Of an answer that is longer the connection is closed. */
const answerBytesMax = 64 * 1024

export class NodeHttpClient implements HttpClient {
  readonly #ca: string | undefined
  #plain: http.Agent | undefined
  #tls: https.Agent | undefined

  /** `ca`: authorities that are trusted in the place of Node.js's own, as PEM; for tests. */
  constructor(options: { readonly ca?: string } = {}) {
    this.#ca = options.ca
  }

  async post(post: HttpPost): Promise<HttpAnswer> {
    const signal = AbortSignal.any([AbortSignal.timeout(post.timeoutMs), post.signal])
    try {
      return await this.#send(post, { signal })
    } catch (error) {
      post.signal.throwIfAborted()
      if (signal.aborted) throw new HttpFailure(`no answer within ${post.timeoutMs / SECOND_MS} s`)
      throw new HttpFailure(reasonOf(error), { cause: error })
    }
  }

  /** Idle connections are closed. */
  close(): void {
    this.#plain?.destroy()
    this.#tls?.destroy()
  }

  /** A kept connection may have been closed by the server just now: then a new one is opened, once. */
  async #send(post: HttpPost, options: http.RequestOptions): Promise<HttpAnswer> {
    const request = this.#open(post, options)
    try {
      return await answerOf(request, post.body)
    } catch (error) {
      if (!request.reusedSocket || options.agent === false || options.signal?.aborted === true) throw error
      return await this.#send(post, { ...options, agent: false })
    }
  }

  #open({ url, headers, body }: HttpPost, options: http.RequestOptions): http.ClientRequest {
    const common = { method: 'POST', headers: { ...headers, 'Content-Length': String(body.length) } }
    if (url.startsWith('https:')) {
      const { Agent, request } = process.getBuiltinModule('node:https')
      const trust = this.#ca === undefined ? {} : { ca: this.#ca }
      this.#tls ??= new Agent({ ...agentOptions, ...trust })
      return request(url, { ...common, agent: this.#tls, ...options, ...trust })
    }
    const { Agent, request } = process.getBuiltinModule('node:http')
    this.#plain ??= new Agent(agentOptions)
    return request(url, { ...common, agent: this.#plain, ...options })
  }
}

async function answerOf(request: http.ClientRequest, body: Uint8Array): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  request.on('error', reject)
  request.on('response', (response) => {
    let bytes = 0
    response.on('error', reject)
    response.on('data', (slice: Buffer) => {
      bytes += slice.length
      if (bytes > answerBytesMax) response.destroy()
    })
    // Cut off within the body, too: the status has been said, which is all that counts.
    response.on('close', () => {
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] })
    })
  })
  request.end(body)
  return await promise
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the request failed'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
