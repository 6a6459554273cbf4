// The REST surface in memory, for tests of its clients: the calls of the reference, without a cluster behind them. A test plants faults
// with `intercept`, which sees each request first.

import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { crc32 } from 'node:zlib'

import { healthyCluster } from './cluster-json.ts'

interface StoredFile {
  readonly bytes: Uint8Array
  readonly version: string
  readonly contentType: string
  readonly modifiedMs: number
}

const administration = /^\/api\/v1\/(?:repair|scrub|workers\/[^/]+(?:\/drain)?)$/

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
}

/** Answers in the place of the server where it returns true. */
export type Intercept = (
  seen: SeenRequest,
  request: IncomingMessage,
  response: ServerResponse,
) => boolean | Promise<boolean>

export class FakeRest {
  readonly buckets = new Map<string, Map<string, StoredFile>>([['default', new Map()]])
  readonly requests: SeenRequest[] = []
  intercept: Intercept = () => false
  /** Asked anew for each request. */
  cluster: () => unknown = healthyCluster
  /** What `verify` finds in the block of that index, in any file. */
  damage: readonly {
    readonly block: number
    readonly column: number
    readonly worker: string
    readonly state: string
  }[] = []
  /** What `/api/v1/rebuild-metadata` answers, one request after the other; the last one for ever. */
  rebuilds: readonly unknown[] = [rebuildState({ state: 'none' })]
  #server: Server | undefined
  #versions = 0

  static async start(): Promise<FakeRest> {
    const fake = new FakeRest()
    const server = createServer((request, response) => {
      fake.#answer(request, response).catch((error: unknown) =>
        response.destroy(error instanceof Error ? error : undefined),
      )
    })
    fake.#server = server
    const { promise, resolve } = Promise.withResolvers<void>()
    server.listen(0, '127.0.0.1', resolve)
    await promise
    return fake
  }

  get url(): string {
    const address = this.#server?.address()
    return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server?.close(() => resolve())
    this.#server?.closeAllConnections()
    await promise
  }

  /** Puts a file there; resolves to its version. */
  store(name: string, bytes: Uint8Array | string, bucket = 'default'): string {
    const content = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes
    const version = (++this.#versions).toString().padStart(26, '0')
    const file = { bytes: content, version, contentType: 'application/octet-stream', modifiedMs: Date.UTC(2026, 0, 1) }
    this.#bucket(bucket)?.set(name, file)
    return version
  }

  bytesOf(name: string, bucket = 'default'): Uint8Array | undefined {
    return this.#bucket(bucket)?.get(name)?.bytes
  }

  versionOf(name: string, bucket = 'default'): string | undefined {
    return this.#bucket(bucket)?.get(name)?.version
  }

  #bucket(name: string): Map<string, StoredFile> | undefined {
    return this.buckets.get(name)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake')
    const method = request.method ?? ''
    const seen = { method, path: url.pathname, query: url.searchParams, headers: request.headers }
    this.requests.push(seen)
    if (await this.intercept(seen, request, response)) return
    if (seen.path === '/api/v1/cluster') return json(response, 200, this.cluster())
    if (administration.test(seen.path)) return this.#administrate(seen, response)
    if (seen.path === '/api/v1/buckets') return this.#buckets(seen, response)
    const files = this.#bucket(url.searchParams.get('bucket') ?? 'default')
    if (files === undefined) return problem(response, 404, 'bucket-not-found', { detail: 'There is no such bucket.' })
    switch (url.pathname) {
      case '/upload':
        return this.#upload(seen, request, response)
      case '/files':
        return list(files, seen, response)
      case '/download':
        return sendFile(files, seen, response)
      case '/delete':
        return remove(files, seen, response)
      case '/api/v1/rebuild-metadata':
        return this.#rebuild(seen, response)
      case '/api/v1/stat':
        return describe(files, seen, response)
      case '/api/v1/verify':
        return this.#verify(files, seen, response)
      case '/api/v1/layout':
        return layOut(files, seen, response)
      default:
        return problem(response, 404, 'route-not-found', { detail: `There is nothing at ${url.pathname}.` })
    }
  }

  /** Whatever is asked for has begun; nothing comes of it but what a test makes of it. */
  #administrate({ path, method }: SeenRequest, response: ServerResponse): void {
    const [, , , , id, verb] = path.split('/')
    if (path.endsWith('/repair')) return json(response, 202, { comparing: true })
    if (path.endsWith('/scrub'))
      return json(response, 202, { workers: healthyCluster().workers.map((worker) => worker.id) })
    if (!healthyCluster().workers.some((worker) => worker.id === id) || (verb ?? 'drain') !== 'drain') {
      return problem(response, 404, 'worker-not-found', { detail: `There is no worker ${id}.` })
    }
    if (verb === undefined) return json(response, 200, { id, forgotten: true })
    return json(response, method === 'POST' ? 202 : 200, { id, draining: method === 'POST' })
  }

  #rebuild(seen: SeenRequest, response: ServerResponse): void {
    const isFirst = this.rebuilds.length > 1
    const [state, ...others] = this.rebuilds
    if (isFirst) this.rebuilds = others
    return json(response, seen.method === 'POST' ? 202 : 200, state)
  }

  #buckets(seen: SeenRequest, response: ServerResponse): void {
    const name = seen.query.get('bucket') ?? ''
    if (seen.method === 'GET') {
      return json(
        response,
        200,
        [...this.buckets.keys()].map((bucket) => ({ name: bucket, created: '2026-01-01T00:00:00.000Z' })),
      )
    }
    if (seen.method === 'PUT') {
      if (this.buckets.has(name)) return problem(response, 409, 'bucket-exists')
      this.buckets.set(name, new Map())
      return json(response, 201, { name })
    }
    return this.buckets.delete(name) ? json(response, 200, { name }) : problem(response, 404, 'bucket-not-found')
  }

  /** Blocks of 300 chunks in five columns. */
  #verify(files: ReadonlyMap<string, StoredFile>, seen: SeenRequest, response: ServerResponse): void {
    const name = seen.query.get('filename') ?? ''
    const file = files.get(name)
    if (file === undefined) return problem(response, 404, 'file-not-found', { detail: `There is no file "${name}".` })
    const count = Math.ceil(file.bytes.length / 3_072_000)
    const after = Number(seen.query.get('after') ?? -1)
    const end = Math.min(count, after + 1 + Number(seen.query.get('limit') ?? 100))
    const problems = this.damage.filter(({ block }) => block > after && block < end)
    const blocks = Math.max(0, end - after - 1)
    const { version } = file
    return json(response, 200, {
      filename: name,
      bucket: seen.query.get('bucket') ?? 'default',
      size: file.bytes.length,
      etag: version,
      version,
      blocks,
      good: Math.max(0, blocks * 5 - problems.length),
      problems,
      next: end < count ? end - 1 : null,
    })
  }

  async #upload(seen: SeenRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = seen.query.get('filename') ?? ''
    const bucket = seen.query.get('bucket') ?? 'default'
    const current = this.#bucket(bucket)?.get(name)
    const isWrong = seen.headers['if-match'] !== undefined && seen.headers['if-match'] !== `"${current?.version}"`
    const bytes = await readAll(request)
    if (bytes === undefined) return
    if ((seen.headers['if-none-match'] === '*' && current !== undefined) || isWrong) {
      return problem(response, 412, 'precondition-failed', { detail: 'The condition of the request does not hold.' })
    }
    const size = seen.query.get('size')
    if (size !== null && Number(size) !== bytes.length) {
      return problem(response, 400, 'size-mismatch', {
        detail: `size=${size} was announced, ${bytes.length} bytes came.`,
      })
    }
    const version = this.store(name, bytes, bucket)
    return json(response, 201, { filename: name, size: bytes.length, etag: version, version })
  }
}

export function problem(
  response: ServerResponse,
  status: number,
  code: string,
  members: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify({ type: `urn:frostbyte:error:${code}`, title: code, status, code, ...members })
  const length = Buffer.byteLength(body)
  response.writeHead(status, {
    'content-type': 'application/problem+json',
    'content-length': length,
    'x-request-id': 'r1',
  })
  response.end(body)
}

function json(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value)
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body)
}

function list(files: ReadonlyMap<string, StoredFile>, seen: SeenRequest, response: ServerResponse): void {
  const after = seen.query.get('after') ?? ''
  const prefix = seen.query.get('prefix') ?? ''
  const limit = Number(seen.query.get('limit') ?? Number.MAX_SAFE_INTEGER)
  const names = [...files.keys()]
    .filter((name) => name.startsWith(prefix) && Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0)
    .toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    .slice(0, limit)
  if (seen.query.get('details') !== 'true') return json(response, 200, names)
  const described = names.map((name) => {
    const file = files.get(name)
    return {
      filename: name,
      size: file?.bytes.length,
      etag: file?.version,
      time: new Date(file?.modifiedMs ?? 0).toISOString(),
    }
  })
  return json(response, 200, described)
}

function describe(files: ReadonlyMap<string, StoredFile>, seen: SeenRequest, response: ServerResponse): void {
  const name = seen.query.get('filename') ?? ''
  const file = files.get(name)
  if (file === undefined) return problem(response, 404, 'file-not-found', { detail: `There is no file "${name}".` })
  const crc = crc32(file.bytes).toString(16).padStart(8, '0')
  const time = new Date(file.modifiedMs).toISOString()
  const { version, contentType } = file
  const bucket = seen.query.get('bucket') ?? 'default'
  return json(response, 200, {
    filename: name,
    bucket,
    size: file.bytes.length,
    etag: version,
    version,
    contentType,
    time,
    crc32: crc,
  })
}

/** Chunks of 10 KiB on three workers in turn, without parity. */
function layOut(files: ReadonlyMap<string, StoredFile>, seen: SeenRequest, response: ServerResponse): void {
  const name = seen.query.get('filename') ?? ''
  const file = files.get(name)
  if (file === undefined) return problem(response, 404, 'file-not-found', { detail: `There is no file "${name}".` })
  const size = file.bytes.length
  const chunks = Math.ceil(size / 10_240)
  const first = Number(seen.query.get('after') ?? -1) + 1
  const end = Math.min(chunks, first + Number(seen.query.get('limit') ?? 1000))
  const pieces = Array.from({ length: Math.max(0, end - first) }, (_, offset) => {
    const index = first + offset
    const place = { group: 1, block: Math.floor(index / 300), stripe: Math.floor(index / 3), column: index % 3 }
    const length = Math.min(10_240, size - index * 10_240)
    return { kind: 'data', index, ...place, length, crc32: null, worker: `00000000000000a${(index % 3) + 1}` }
  })
  const next = end < chunks ? end - 1 : null
  return json(response, 200, {
    filename: name,
    bucket: 'default',
    size,
    etag: file.version,
    scheme: '3+2',
    chunkSize: 10_240,
    chunks,
    pieces,
    next,
  })
}

function sendFile(files: ReadonlyMap<string, StoredFile>, seen: SeenRequest, response: ServerResponse): void {
  const name = seen.query.get('filename') ?? ''
  const file = files.get(name)
  if (file === undefined)
    return problem(response, 404, 'file-not-found', {
      detail: `There is no file "${name}".`,
      remedy: 'Look at the list.',
    })
  const whole = file.bytes
  const ifRange = seen.headers['if-range']
  const range =
    ifRange === undefined || ifRange === `"${file.version}"` ? parseRange(seen.headers.range, whole.length) : undefined
  if (range === 'unsatisfiable')
    return problem(response, 416, 'range-unsatisfiable', { detail: 'No part of the range lies within the file.' })
  const bytes = range === undefined ? whole : whole.subarray(range.first, range.last + 1)
  response.writeHead(range === undefined ? 200 : 206, {
    'content-length': bytes.length,
    'content-type': file.contentType,
    'etag': `"${file.version}"`,
    'last-modified': new Date(file.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
    ...(range === undefined ? {} : { 'content-range': `bytes ${range.first}-${range.last}/${whole.length}` }),
  })
  response.end(seen.method === 'HEAD' ? undefined : bytes)
}

function parseRange(
  header: string | undefined,
  size: number,
): { first: number; last: number } | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === undefined || last === undefined) return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return start > end ? 'unsatisfiable' : { first: start, last: end }
}

function remove(files: Map<string, StoredFile>, seen: SeenRequest, response: ServerResponse): void {
  const name = seen.query.get('filename') ?? ''
  if (!files.delete(name)) return problem(response, 404, 'file-not-found', { detail: `There is no file "${name}".` })
  return json(response, 200, { filename: name })
}

/** `undefined`: the client broke off. */
async function readAll(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  try {
    for await (const part of request) if (part instanceof Uint8Array) parts.push(part)
    return Buffer.concat(parts)
  } catch {
    return undefined
  }
}

export function rebuildState(change: Readonly<Record<string, unknown>>): unknown {
  const counts = { groups: 0, groupsDone: 0, filesRecovered: 0, filesIncomplete: 0, idsUnnamed: 0, repairs: 0 }
  const nothing = { incomplete: [], workersMissing: [], settled: false, reason: null, remedy: null }
  return {
    state: 'running',
    merge: false,
    force: false,
    startedAt: null,
    endedAt: null,
    ...counts,
    ...nothing,
    ...change,
  }
}
