// The library in a world without Node.js, and uploads through XMLHttpRequest, which here is a small one over fetch.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'

import { FrostByteClient } from './client.ts'
import { FrostByteError } from './errors.ts'
import { FakeRest } from './testing/fake-rest.ts'

// Loads the library into a context of its own, whose global object has what browsers have and nothing else.
const program = `
  import { readFileSync } from 'node:fs'
  import { stripTypeScriptTypes } from 'node:module'
  import { fileURLToPath } from 'node:url'
  import { createContext, SourceTextModule } from 'node:vm'

  const [entry, url] = process.argv.slice(1)
  const names = ['AbortController', 'AbortSignal', 'AggregateError', 'ArrayBuffer', 'Blob', 'Error', 'Headers', 'ReadableStream',
    'Response', 'TextDecoder', 'TextEncoder', 'TypeError', 'URL', 'Uint8Array', 'clearTimeout', 'fetch', 'setTimeout']
  const context = createContext(Object.fromEntries(names.map((name) => [name, globalThis[name]])))
  const modules = new Map()
  function load(specifier, referrer) {
    const href = new URL(specifier, referrer?.identifier).href
    let module = modules.get(href)
    if (module === undefined) {
      const source = stripTypeScriptTypes(readFileSync(fileURLToPath(href), 'utf8'))
      module = new SourceTextModule(source, { identifier: href, context })
      modules.set(href, module)
    }
    return module
  }
  const library = load(entry)
  await library.link(load)
  await library.evaluate()
  const client = new library.namespace.FrostByteClient({ url, streaming: false })
  await client.upload('big', new Blob([new Uint8Array(300_000).fill(7)]).stream())
  const { stream } = await client.download('big', { range: { suffixBytes: 299_999 } })
  const back = new Uint8Array(await new Response(stream).arrayBuffer())
  const listed = []
  for await (const name of client.listNames()) listed.push(name)
  const { sizeBytes } = await client.stat('big')
  await client.remove('big')
  const code = await client.stat('big').catch((error) => error.code)
  console.log(JSON.stringify({ listed, sizeBytes, length: back.length, allSeven: back.every((byte) => byte === 7), code }))
`

/** As much of the DOM's class as the library uses. */
class SmallXhr {
  readonly upload: { onprogress: ((event: { readonly loaded: number }) => void) | null } = { onprogress: null }
  onload: (() => void) | null = null
  onerror: (() => void) | null = null
  onabort: (() => void) | null = null
  status = 0
  statusText = ''
  responseText = ''
  #target = { method: '', url: '' }
  readonly #headers = new Headers()
  #answered = ''
  readonly #controller = new AbortController()

  open(method: string, url: string): void {
    this.#target = { method, url }
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers.set(name, value)
  }

  getAllResponseHeaders(): string {
    return this.#answered
  }

  abort(): void {
    this.#controller.abort()
    this.onabort?.()
  }

  send(body: Blob | Uint8Array<ArrayBuffer>): void {
    this.#send(body).catch(() => this.onerror?.())
  }

  async #send(body: Blob | Uint8Array<ArrayBuffer>): Promise<void> {
    const total = body instanceof Blob ? body.size : body.length
    this.upload.onprogress?.({ loaded: Math.floor(total / 2) })
    const { method, url } = this.#target
    const response = await fetch(url, { method, headers: this.#headers, body, signal: this.#controller.signal })
    this.status = response.status
    this.responseText = await response.text()
    for (const [name, value] of response.headers) this.#answered += `${name}: ${value}\r\n`
    this.onload?.()
  }
}

describe('in a browser', () => {
  test('the library works without anything of Node.js', async () => {
    await using server = await FakeRest.start()
    const entry = new URL('./index.ts', import.meta.url).href
    const flags = ['--no-warnings', '--experimental-vm-modules', '--input-type=module']
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--eval', program, entry, server.url])
    assert.deepEqual(JSON.parse(stdout), {
      listed: ['big'],
      sizeBytes: 300_000,
      length: 299_999,
      allSeven: true,
      code: 'file-not-found',
    })
  })
})

describe('through XMLHttpRequest', () => {
  before(() => {
    Reflect.set(globalThis, 'XMLHttpRequest', SmallXhr)
  })
  after(() => {
    Reflect.deleteProperty(globalThis, 'XMLHttpRequest')
  })

  test('uploads tell their progress', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url, token: 'secret' })
    const seen: number[] = []
    const content = new Uint8Array(200_000).fill(5)
    await client.upload('a', new Blob([content]), { onProgress: ({ transferredBytes }) => seen.push(transferredBytes) })
    assert.deepEqual(seen, [100_000, 200_000])
    assert.equal(server.requests[0]?.headers.authorization, 'Bearer secret')
    assert.deepEqual(Buffer.from(server.bytesOf('a') ?? []), Buffer.from(content))
  })

  test('errors come with the server’s code', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url, bucket: 'none' })
    await assert.rejects(
      client.upload('a', 'x'),
      (error) => error instanceof FrostByteError && error.code === 'bucket-not-found',
    )
  })

  test('an upload can be aborted', async () => {
    await using server = await FakeRest.start()
    server.intercept = () => true
    const controller = new AbortController()
    const reason = new Error('enough')
    const upload = new FrostByteClient({ url: server.url }).upload('a', new Uint8Array(100_000), {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    })
    await assert.rejects(upload, (error) => error === reason)
  })

  test('a server that is down is a network failure', async () => {
    const client = new FrostByteClient({ url: 'http://127.0.0.1:1', retries: { attemptsMax: 1 } })
    await assert.rejects(
      client.upload('a', 'x'),
      (error) => error instanceof FrostByteError && error.code === 'network-failed',
    )
  })
})
