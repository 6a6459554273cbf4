// What the internal protocol costs by itself: two processes over loopback, the one that dials in the role of a worker, the one
// that accepts in that of a master. No disk, no coding.  node bench/rpc.ts [--seconds 2]
//
//   ping      empty requests, one at a time: the round trip; `empty`: 64 at once
//   small     10 KiB records in requests of the accepting side, 64 at once: small uploads
//   put       1,000 KiB records in such requests, 8 at once: large uploads, received in place; `put-dialled`: the other way,
//             `put-checked`: with a check of the frame over the body, which records do not need
//   get-slices / get-into   1,000 KiB answers to them, given slice by slice or placed: downloads
//   get-dialled             the same asked by the dialling side, received in place
//   relay     floor: the bytes of `put` through bare sockets of node:net, counted and dropped
//
// CPU is user and system of both processes together, per GiB or per 1,000 requests.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import * as net from 'node:net'
import { parseArgs } from 'node:util'

import { defined } from '../src/base/assert.ts'
import { parseClusterId, parseProcessId, parseWorkerId } from '../src/base/ids.ts'
import { GIB, KIB, MIB } from '../src/base/units.ts'
import { NodeClock } from '../src/node/clock.ts'
import { NodeCompute } from '../src/node/compute.ts'
import { createLog } from '../src/node/log.ts'
import { NodeNetwork } from '../src/node/network.ts'
import { NodeRandom } from '../src/node/random.ts'
import { FixedBodyPool } from '../src/rpc/body-pool.ts'
import { connectPeer, listenForPeers } from '../src/rpc/connect.ts'
import type { RpcNode } from '../src/rpc/connect.ts'
import type { NodeIdentity, RequestOptions, RpcHandler, RpcPeer } from '../src/rpc/peer.ts'

const largeBytes = 1000 * KIB + 4096
const smallBytes = 10 * KIB + 128
const deadlineMs = 30_000
const methods = { take: 1, give: 2 } as const
const noHeader = new Uint8Array(0)

interface Load {
  readonly name: string
  /** Which side asks. */
  readonly asks: 'dialling' | 'accepting'
  readonly atOnce: number
  /** Payload of one request and its answer. */
  readonly bytes: number
  readonly run: (peer: RpcPeer) => Promise<void>
}

interface Cpu {
  readonly user: number
  readonly system: number
}

type Order =
  | { readonly kind: 'dial'; readonly address: string }
  | { readonly kind: 'run'; readonly load: string; readonly seconds: number }
  | { readonly kind: 'cpu' }
  | { readonly kind: 'dial-raw'; readonly port: number }

const largeBody = new Uint8Array(largeBytes).fill(3)
const smallBody = new Uint8Array(smallBytes).fill(3)
const record = [largeBody.subarray(0, 4096), largeBody.subarray(4096)]
const target = new Uint8Array(2 * MIB)
const putHeader = new Uint8Array(9)

async function ask(
  peer: RpcPeer,
  method: number,
  header: Uint8Array,
  options: Omit<RequestOptions, 'deadlineMs'>,
): Promise<void> {
  const response = await peer.request(method, header, { deadlineMs, ...options })
  response.release()
}

const loads: readonly Load[] = [
  { name: 'ping', asks: 'accepting', atOnce: 1, bytes: 0, run: (peer) => ask(peer, methods.take, noHeader, {}) },
  { name: 'empty', asks: 'accepting', atOnce: 64, bytes: 0, run: (peer) => ask(peer, methods.take, noHeader, {}) },
  {
    name: 'small',
    asks: 'accepting',
    atOnce: 64,
    bytes: smallBytes,
    run: (peer) => ask(peer, methods.take, putHeader, { body: [smallBody], bodyHasOwnChecks: true }),
  },
  {
    name: 'put',
    asks: 'accepting',
    atOnce: 8,
    bytes: largeBytes,
    run: (peer) => ask(peer, methods.take, putHeader, { body: record, bodyHasOwnChecks: true }),
  },
  {
    name: 'put-checked',
    asks: 'accepting',
    atOnce: 8,
    bytes: largeBytes,
    run: (peer) => ask(peer, methods.take, putHeader, { body: record }),
  },
  {
    name: 'put-dialled',
    asks: 'dialling',
    atOnce: 8,
    bytes: largeBytes,
    run: (peer) => ask(peer, methods.take, putHeader, { body: record, bodyHasOwnChecks: true }),
  },
  {
    name: 'get-slices',
    asks: 'accepting',
    atOnce: 4,
    bytes: largeBytes,
    run: (peer) => ask(peer, methods.give, noHeader, { onBody: (slice, offset) => target.set(slice, offset) }),
  },
  {
    name: 'get-into',
    asks: 'accepting',
    atOnce: 4,
    bytes: largeBytes,
    run: (peer) => ask(peer, methods.give, noHeader, { into: { bytes: target, release: () => {} } }),
  },
  {
    name: 'get-dialled',
    asks: 'dialling',
    atOnce: 4,
    bytes: largeBytes,
    run: (peer) => ask(peer, methods.give, noHeader, { into: { bytes: target, release: () => {} } }),
  },
]

const handlers: ReadonlyMap<number, RpcHandler> = new Map<number, RpcHandler>([
  [methods.take, () => Promise.resolve({ header: noHeader })],
  [methods.give, () => Promise.resolve({ header: noHeader, body: [largeBody], bodyHasOwnChecks: true })],
])

function createNode(identity: NodeIdentity): RpcNode {
  const ports = {
    clock: new NodeClock(),
    random: new NodeRandom(),
    network: new NodeNetwork(),
    compute: new NodeCompute(),
    log: createLog({ level: 'warn' }),
  }
  return {
    ports,
    identity,
    clusterId: parseClusterId('c'.repeat(32)),
    secret: new Uint8Array(32).fill(1),
    handlers,
    bodies: new FixedBodyPool({ memory: new Uint8Array(24 * MIB) }),
  }
}

async function measure(load: Load, peer: RpcPeer, seconds: number): Promise<number> {
  const endMs = performance.now() + seconds * 1000
  let count = 0
  const client = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await load.run(peer)
      count++
    }
  }
  await Promise.all(Array.from({ length: load.atOnce }, client))
  return count
}

/** The other process: dials, then does what it is told. */
function runChild(): void {
  let peer: RpcPeer | undefined
  const obey = async (order: Order): Promise<unknown> => {
    switch (order.kind) {
      case 'dial': {
        const id = defined(parseWorkerId('b'.repeat(16)), 'an id')
        peer = await connectPeer(createNode({ kind: 'worker', id }), { address: order.address, timeoutMs: 5000 })
        return 'ready'
      }
      case 'run': {
        const load = defined(
          loads.find(({ name }) => name === order.load),
          'a load',
        )
        return await measure(load, defined(peer, 'a peer'), order.seconds)
      }
      case 'cpu':
        return process.cpuUsage()
      case 'dial-raw': {
        const buffer = new Uint8Array(MIB)
        const socket = net.connect({ port: order.port, onread: { buffer, callback: () => true } })
        socket.on('close', () => socket.destroy())
        return 'ready'
      }
    }
  }
  process.on('message', (order: Order) => {
    obey(order).then(
      (answer) => process.send?.(answer),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`)
        process.exit(1)
      },
    )
  })
}

async function tell<T>(child: ChildProcess, order: Order, read: (answer: unknown) => T): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  child.once('message', resolve)
  child.send(order)
  return read(await promise)
}

function readCpu(answer: unknown): Cpu {
  const { user, system } = answer as Cpu
  return { user, system }
}

async function cpuOfBoth(child: ChildProcess): Promise<Cpu> {
  const theirs = await tell(child, { kind: 'cpu' }, readCpu)
  const mine = process.cpuUsage()
  return { user: (mine.user + theirs.user) / 1e6, system: (mine.system + theirs.system) / 1e6 }
}

interface Row {
  readonly name: string
  readonly count: number
  /** Of one request. */
  readonly bytes: number
  readonly seconds: number
  readonly before: Cpu
  readonly after: Cpu
}

function printRow({ name, count, bytes, seconds, before, after }: Row): void {
  const rate = `${(count / seconds).toFixed(0).padStart(7)}/s`
  const total = count * bytes
  const flow = bytes === 0 ? ''.padStart(12) : `${(total / MIB / seconds).toFixed(0).padStart(6)} MiB/s`
  const per = bytes >= MIB / 2 ? total / GIB : count / 1000
  const unit = bytes >= MIB / 2 ? 'CPU-s/GiB' : 'CPU-s/1,000'
  const [user, system] = [(after.user - before.user) / per, (after.system - before.system) / per]
  const costs = `${(user + system).toFixed(3)} ${unit} (user ${user.toFixed(3)}, system ${system.toFixed(3)})`
  process.stdout.write(`${name.padEnd(12)} ${rate} ${flow}  ${costs}\n`)
}

async function runParent(seconds: number, only: readonly string[]): Promise<void> {
  const child = fork(import.meta.filename, ['--child'])
  const accepted = Promise.withResolvers<RpcPeer>()
  const id = defined(parseProcessId('a'.repeat(16)), 'an id')
  const node = createNode({ kind: 'master', id })
  const listener = await listenForPeers(node, { address: '127.0.0.1:0', onPeer: accepted.resolve })
  await tell(child, { kind: 'dial', address: listener.address }, String)
  const peer = await accepted.promise
  for (const load of loads) {
    if (only.length > 0 && !only.includes(load.name)) continue
    const run = (time: number): Promise<number> =>
      load.asks === 'accepting'
        ? measure(load, peer, time)
        : tell(child, { kind: 'run', load: load.name, seconds: time }, Number)
    await run(seconds / 4)
    const before = await cpuOfBoth(child)
    const startMs = performance.now()
    const count = await run(seconds)
    const elapsed = (performance.now() - startMs) / 1000
    const after = await cpuOfBoth(child)
    printRow({ name: load.name, count, bytes: load.bytes, seconds: elapsed, before, after })
  }
  if (only.length === 0 || only.includes('relay')) await runRelay(child, seconds)
  child.kill()
  peer.destroy('the benchmark is over')
  await listener.close()
}

/** The floor: the same bytes through bare sockets. */
async function runRelay(child: ChildProcess, seconds: number): Promise<void> {
  const connected = Promise.withResolvers<net.Socket>()
  const server = net.createServer({ noDelay: true }, connected.resolve)
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => {
    server.once('listening', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await tell(child, { kind: 'dial-raw', port }, String)
  const socket = await connected.promise
  const before = await cpuOfBoth(child)
  const startMs = performance.now()
  let count = 0
  while (performance.now() - startMs < seconds * 1000) {
    const writes = Array.from(
      { length: 8 },
      () =>
        new Promise((resolve) => {
          socket.write(largeBody, resolve)
        }),
    )
    await Promise.all(writes)
    count += writes.length
  }
  const elapsed = (performance.now() - startMs) / 1000
  const after = await cpuOfBoth(child)
  printRow({ name: 'relay', count, bytes: largeBytes, seconds: elapsed, before, after })
  socket.destroy()
  server.close()
}

const { values, positionals } = parseArgs({
  options: { child: { type: 'boolean' }, seconds: { type: 'string', default: '2' } },
  allowPositionals: true,
})
if (values.child === true) runChild()
else await runParent(Number(values.seconds), positionals)
