// What the REST face itself costs: the gateway over the in-memory fake file service, in a process of its own, with the load from this
// one over bare sockets. Beside it, in the same run, a bare node:http server that answers the same requests with nothing
// behind it, which is the floor of any face on node:http.
//
//   node bench/rest.ts [--requests 20000] [--only TEXT] [--profile DIRECTORY]
//
// `--only` chooses the rows whose name holds the text; `--profile` writes a CPU profile of the gateway's process into the directory.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { parseArgs } from 'node:util'

import { MIB } from '../src/base/units.ts'
import { RestCounters } from '../src/gateway/rest/rest-counters.ts'
import { RestGateway } from '../src/gateway/rest/rest-gateway.ts'
import { NodeClock } from '../src/node/clock.ts'
import { CollectingLog } from '../sim/ports/log.ts'
import { FakeFileService } from '../test/fast/rest/fake-file-service.ts'

const smallBytes = 10_240
const largeBytes = 256 * MIB
const nameCount = 200_000
const connectionCount = 64

interface Usage {
  readonly userMs: number
  readonly systemMs: number
}

interface Row {
  readonly what: string
  readonly requests: number
  readonly seconds: number
  readonly usage: Usage
}

function usageNow(): Usage {
  const { user, system } = process.cpuUsage()
  return { userMs: user / 1000, systemMs: system / 1000 }
}

async function serve(kind: string): Promise<void> {
  const port = kind === 'gateway' ? await startGateway() : await startBare()
  process.on('message', () => process.send?.(usageNow()))
  process.on('disconnect', () => process.exit(0))
  process.send?.({ port })
}

async function startGateway(): Promise<number> {
  const files = new FakeFileService()
  files.keepsBytes = false
  files.sliceBytes = MIB
  files.store('small', Buffer.alloc(smallBytes, 1))
  files.store('large', Buffer.alloc(largeBytes, 1))
  for (let index = 0; index < nameCount; index++) {
    files.store(`folder-${index % 100}/a file with a usual name ${String(index).padStart(7, '0')}.jpg`, '')
  }
  files.keys()
  const parts = { files, clock: new NodeClock(), log: new CollectingLog(), metrics: new RestCounters() }
  const gateway = new RestGateway(parts)
  return (await gateway.listen('127.0.0.1', 0)).port
}

async function startBare(): Promise<number> {
  const body = Buffer.alloc(smallBytes, 1)
  const server = createServer({ optimizeEmptyRequests: true }, (request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, ['Content-Length', String(body.length)])
      response.end(body)
      return
    }
    request.on('data', () => undefined)
    request.on('end', () => {
      response.writeHead(201, ['Content-Length', '2'])
      response.end('{}')
    })
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

class Target {
  readonly #child: ChildProcess
  readonly #port: number

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.#port = port
  }

  static async start(kind: string, profileDirectory: string | undefined): Promise<Target> {
    const profiling = profileDirectory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`]
    const child = fork(import.meta.filename, ['--serve', kind], { execArgv: [...process.execArgv, ...profiling] })
    const { promise, resolve } = Promise.withResolvers<number>()
    child.once('message', (message: { readonly port: number }) => resolve(message.port))
    return new Target(child, await promise)
  }

  async usage(): Promise<Usage> {
    const { promise, resolve } = Promise.withResolvers<Usage>()
    this.#child.once('message', resolve)
    this.#child.send('usage')
    return promise
  }

  stop(): void {
    this.#child.disconnect()
  }

  /** Sends `request` until `count` answers have come, over `connections` connections that wait for each answer. */
  async measure(what: string, request: readonly Buffer[], load: { count: number; connections: number }): Promise<Row> {
    await this.#load(request, Math.ceil(load.count / 5), load.connections) // warm
    const before = await this.usage()
    const startMs = performance.now()
    await this.#load(request, load.count, load.connections)
    const seconds = (performance.now() - startMs) / 1000
    const after = await this.usage()
    const usage = { userMs: after.userMs - before.userMs, systemMs: after.systemMs - before.systemMs }
    return { what, requests: load.count, seconds, usage }
  }

  async #load(request: readonly Buffer[], count: number, connections: number): Promise<void> {
    let left = count
    const take = (): boolean => left-- > 0
    await Promise.all(Array.from({ length: Math.min(connections, count) }, async () => this.#run(request, take)))
  }

  async #run(request: readonly Buffer[], take: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    let missing = -1
    const next = (): void => {
      if (!take()) {
        socket.end()
        resolve()
        return
      }
      missing = -1
      socket.cork()
      for (const part of request) socket.write(part)
      socket.uncork()
    }
    socket.on('connect', next)
    socket.on('error', reject)
    socket.on('data', (slice: Buffer) => {
      missing = missing < 0 ? bodyMissing(slice) : missing - slice.length
      if (missing === 0) next()
    })
    return promise
  }
}

/** Bytes still to come after the first slice of an answer; a chunked one is taken to end with its slice's last chunk. */
function bodyMissing(slice: Buffer): number {
  const headEnd = slice.indexOf('\r\n\r\n')
  const head = slice.toString('latin1', 0, headEnd)
  if (!/^HTTP\/1\.1 20[01] /.test(head)) throw new Error(head)
  const length = /content-length: (\d+)/i.exec(head)?.[1] ?? '0'
  return Number(length) - (slice.length - headEnd - 4)
}

function get(target: string): Buffer {
  return Buffer.from(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
}

function put(target: string, length: number): Buffer {
  return Buffer.from(`PUT ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`)
}

function print(row: Row, bytes: number): void {
  const { what, requests, seconds, usage } = row
  const cpuMs = usage.userMs + usage.systemMs
  const perRequest = `${(cpuMs / requests).toFixed(4)} CPU-ms (user ${(usage.userMs / requests).toFixed(4)})`
  const gib = (requests * bytes) / 2 ** 30
  const rate = bytes > MIB ? `${(cpuMs / 1000 / gib).toFixed(2)} CPU-s/GiB` : `${Math.round(requests / seconds)}/s`
  process.stdout.write(`${what.padEnd(28)} ${perRequest.padEnd(36)} ${rate}\n`)
}

interface Scenario {
  readonly what: string
  readonly request: readonly Buffer[]
  readonly count: number
  readonly connections: number
  readonly bytes: number
}

function scenarios(requests: number): readonly Scenario[] {
  const small = { count: requests, connections: connectionCount, bytes: smallBytes }
  const large = { count: 4, connections: 1, bytes: largeBytes }
  const slice = Buffer.alloc(MIB, 3)
  const largePut = [put('/upload?filename=put', largeBytes), ...Array.from({ length: 256 }, () => slice)]
  return [
    { ...small, what: 'download 10 KiB', request: [get('/download/small')] },
    {
      ...small,
      what: 'upload 10 KiB',
      request: [put('/upload?filename=put', smallBytes), Buffer.alloc(smallBytes, 2)],
    },
    { ...large, what: 'download 256 MiB', request: [get('/download/large')] },
    { ...large, what: 'upload 256 MiB', request: largePut },
    { what: 'list 1,000 names', request: [get('/files?limit=1000')], count: 2000, connections: 1, bytes: 0 },
  ]
}

async function run(requests: number, only: string, profileDirectory: string | undefined): Promise<void> {
  const chosen = scenarios(requests).filter(({ what }) => what.includes(only))
  for (const kind of ['bare', 'gateway']) {
    const target = await Target.start(kind, kind === 'gateway' ? profileDirectory : undefined)
    for (const { what, request, bytes, ...load } of chosen) {
      if (kind === 'bare' && (bytes === 0 || what === 'download 256 MiB')) continue
      print(await target.measure(`${kind}: ${what}`, request, load), bytes)
    }
    target.stop()
  }
}

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    only: { type: 'string', default: '' },
    profile: { type: 'string' },
    serve: { type: 'string' },
  },
})
if (values.serve === undefined) await run(Number(values.requests), values.only, values.profile)
else await serve(values.serve)
