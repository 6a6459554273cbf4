import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'

import { HttpConnection } from './http-connection.ts'

/** Answers each request with the next of `answers`, piece by piece, each piece in a packet of its own. */
class ScriptedServer {
  readonly requests: string[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(answers: (readonly string[])[]) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('data', (data) => {
        this.requests.push(data.toString())
        this.#answer(socket, answers.shift() ?? []).catch(() => socket.destroy())
      })
    })
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve)
    })
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  async #answer(socket: Socket, pieces: readonly string[]): Promise<void> {
    for (const piece of pieces) {
      if (piece === 'close') socket.end()
      else socket.write(piece)
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
  }
}

const request = Buffer.from('GET / HTTP/1.1\r\n\r\n')

describe('HttpConnection', () => {
  const answers: (readonly string[])[] = []
  let server: ScriptedServer
  let connection: HttpConnection

  beforeEach(async () => {
    answers.length = 0
    server = new ScriptedServer(answers)
    connection = new HttpConnection({ host: '127.0.0.1', port: await server.listen(), readBufferBytes: 4096 })
    await connection.open()
  })

  afterEach(() => {
    connection.close()
    server.close()
  })

  async function fetchText(): Promise<string> {
    const parts: string[] = []
    const end = await connection.request(request, (bytes) => parts.push(Buffer.from(bytes).toString()))
    return `${end.status} ${parts.join('')}`
  }

  test('reads a body of a given length', async () => {
    answers.push(['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'])
    assert.equal(await fetchText(), '200 hello')
  })

  test('reads a head that comes in pieces', async () => {
    answers.push(['HTTP/1.1 20', '1 Created\r\nconte', 'nt-length: 2\r\n\r', '\no', 'k'])
    assert.equal(await fetchText(), '201 ok')
  })

  test('reads a chunked body that comes in pieces', async () => {
    answers.push([
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r',
      '\nhel',
      'lo\r',
      '\n1\r\n!\r\n0\r\n',
      '\r\n',
    ])
    assert.equal(await fetchText(), '200 hello!')
  })

  test('goes on with the same connection', async () => {
    answers.push(['HTTP/1.1 204 No Content\r\n\r\n'], ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'])
    assert.equal(await fetchText(), '204 ')
    assert.equal(await fetchText(), '200 x')
  })

  test('fails where the server closes in the middle of a body', async () => {
    answers.push(['HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello', 'close'])
    await assert.rejects(fetchText(), /closed the connection/)
    assert.equal(connection.isOpen, false)
  })

  test('fails where the response does not say how long it is', async () => {
    answers.push(['HTTP/1.1 200 OK\r\n\r\nhello'])
    await assert.rejects(fetchText(), /neither its length/)
  })

  test('stops sending a body that was answered early', async () => {
    answers.push(['HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'])
    let sent = 0
    const endless = (function* slices(): Generator<Uint8Array> {
      for (; sent < 100_000; sent++) yield Buffer.alloc(65_536)
    })()
    const end = await connection.requestStream(request, endless)
    assert.equal(end.status, 413)
    assert.ok(sent < 100_000)
    assert.equal(connection.isOpen, false)
  })

  test('opens anew after an answer that closes, and the end of the old connection is not that of the new one', async () => {
    for (let round = 0; round < 20; round++) {
      answers.push(
        ['HTTP/1.1 507 Full\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'],
        ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'],
      )
      assert.equal(await fetchText(), '507 ')
      assert.equal(connection.isOpen, false)
      await connection.open()
      assert.equal(await fetchText(), '200 x')
    }
  })
})
