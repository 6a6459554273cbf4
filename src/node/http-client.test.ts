import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'

import { makeDirectory } from '../../test/fast/cli/run-frostbyte.ts'
import { HttpFailure } from '../ports/http-client.ts'
import type { HttpPost } from '../ports/http-client.ts'
import { makeCerts } from './certs.ts'
import { NodeHttpClient } from './http-client.ts'

const never = new AbortController().signal

function postTo(port: number, more: Partial<HttpPost> = {}): HttpPost {
  const url = `http://127.0.0.1:${port}/events?a=b`
  return { url, headers: { 'X-Own': 'yes' }, body: Buffer.from('{"a":1}'), timeoutMs: 5_000, signal: never, ...more }
}

async function listening(server: Server): Promise<AsyncDisposable & { readonly port: number }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function serve(onRequest: RequestListener): ReturnType<typeof listening> {
  return await listening(createServer(onRequest))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const slices: Buffer[] = []
  for await (const slice of request) slices.push(slice as Buffer)
  return Buffer.concat(slices).toString()
}

describe('the HTTP client', () => {
  test('sends what it is given, and tells what was answered', async () => {
    const seen: unknown[] = []
    await using server = await serve((request, response) => {
      const answer = (body: string): void => {
        seen.push([request.method, request.url, request.headers['x-own'], request.headers['content-length'], body])
        response.writeHead(503, { 'Retry-After': '7' }).end('later')
      }
      bodyOf(request).then(answer, () => response.destroy())
    })
    const client = new NodeHttpClient()
    assert.deepEqual(await client.post(postTo(server.port)), { status: 503, retryAfter: '7' })
    assert.deepEqual(seen, [['POST', '/events?a=b', 'yes', '7', '{"a":1}']])
    client.close()
    client.close()
  })

  test('follows no redirect', async () => {
    let count = 0
    await using server = await serve((_request, response) => {
      count++
      response.writeHead(307, { Location: '/elsewhere' }).end()
    })
    const client = new NodeHttpClient()
    assert.equal((await client.post(postTo(server.port))).status, 307)
    assert.equal(count, 1)
    client.close()
  })

  test('reads no more than a bound of an answer that does not end', async () => {
    let ended = false
    await using server = await serve((_request, response: ServerResponse) => {
      response.on('close', () => {
        ended = true
      })
      const write = (): void => {
        while (!ended && response.write(Buffer.alloc(16_384)));
        response.once('drain', write)
      }
      write()
    })
    const client = new NodeHttpClient()
    assert.equal((await client.post(postTo(server.port))).status, 200)
    client.close()
  })

  test('gives up a server that does not answer in time, or at all, and stops when it is told', async () => {
    const client = new NodeHttpClient()
    let port: number
    {
      await using server = await serve(() => undefined)
      ;({ port } = server)
      await assert.rejects(client.post(postTo(port, { timeoutMs: 50 })), new HttpFailure('no answer within 0.05 s'))
      const stop = new AbortController()
      const stopped = client.post(postTo(port, { signal: stop.signal }))
      stop.abort(new Error('stopped'))
      await assert.rejects(stopped, /stopped/)
    }
    await assert.rejects(client.post(postTo(port)), new HttpFailure('ECONNREFUSED'))
    client.close()
  })

  test('opens a new connection where the kept one was closed', async () => {
    let count = 0
    await using server = await serve((request, response) => {
      count++
      if (count === 2) request.socket.destroy()
      else response.end()
    })
    const client = new NodeHttpClient()
    assert.equal((await client.post(postTo(server.port))).status, 200)
    assert.equal((await client.post(postTo(server.port))).status, 200)
    assert.equal(count, 3)
    client.close()
  })

  test('over TLS sends nothing where the certificate is not trusted, or is not for the name', async () => {
    await using directory = await makeDirectory()
    const files = await makeCerts({ directory: directory.path, hosts: ['localhost'], days: 2, nowMs: Date.now() })
    const [cert, key, ca] = await Promise.all(
      [files.cert, files.key, files.caCert].map((file) => readFile(file, 'utf8')),
    )
    let count = 0
    const onRequest: RequestListener = (_request, response) => {
      count++
      response.end()
    }
    await using server = await listening(createTlsServer({ cert, key }, onRequest))
    const url = (host: string): Partial<HttpPost> => ({ url: `https://${host}:${server.port}/` })
    const client = new NodeHttpClient({ ca: ca ?? '' })
    const strange = new NodeHttpClient()
    assert.equal((await client.post(postTo(0, url('localhost')))).status, 200)
    await assert.rejects(strange.post(postTo(0, url('localhost'))), HttpFailure)
    await assert.rejects(client.post(postTo(0, url('127.0.0.1'))), HttpFailure)
    assert.equal(count, 1)
    client.close()
    strange.close()
  })
})
