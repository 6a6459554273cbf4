// Connections between workers: shared, proved, closed when idle, few, and not tried again and again.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { CollectingLog } from '../../sim/ports/log.ts'
import { SimulatedNetwork } from '../../sim/ports/network.ts'
import { SimulatedRandom } from '../../sim/ports/random.ts'
import { defined } from '../base/assert.ts'
import { errorCode } from '../base/errors.ts'
import { parseWorkerId } from '../base/ids.ts'
import type { WorkerId } from '../base/ids.ts'
import { MIB } from '../base/units.ts'
import { FixedBodyPool } from '../rpc/body-pool.ts'
import { listenForPeers } from '../rpc/connect.ts'
import type { RpcNode } from '../rpc/connect.ts'
import type { WorkerAddress } from '../rpc/messages/rebuild.ts'
import { PeerWorkers } from './peer-workers.ts'

function workerId(number: number): WorkerId {
  return defined(parseWorkerId(number.toString(16).padStart(16, '0')), 'a worker id')
}

class World {
  readonly time = new VirtualTime()
  readonly network = new SimulatedNetwork({ clock: this.time.createClock(), random: new SimulatedRandom(1) })
  readonly peers: PeerWorkers
  readonly #bodies = new FixedBodyPool({ memory: new Uint8Array(2 * MIB) })
  dialled = 0

  constructor() {
    const network = this.network.host('me')
    const node = {
      ...this.#node('me', 0),
      ports: {
        ...this.#node('me', 0).ports,
        network: {
          listen: network.listen.bind(network),
          connect: async (...args: Parameters<typeof network.connect>) => {
            this.dialled++
            return await network.connect(...args)
          },
        },
      },
    }
    this.peers = new PeerWorkers({ clock: this.time.createClock(), node: () => node })
  }

  /** A worker that listens. */
  async listen(number: number): Promise<WorkerAddress> {
    const address = `w${number}:7001`
    await this.time.run(listenForPeers(this.#node(`w${number}`, number), { address, onPeer: () => undefined }))
    return { worker: workerId(number), address }
  }

  /** The identity of who answers, or the code of the error. */
  async who(place: WorkerAddress): Promise<string> {
    return await this.time.run(this.ask(place))
  }

  async ask(place: WorkerAddress): Promise<string> {
    try {
      return await this.peers.use(place, async ({ info }) => {
        await Promise.resolve()
        return info.identity.id
      })
    } catch (error) {
      return errorCode(error) ?? String(error)
    }
  }

  #node(host: string, number: number): RpcNode {
    return {
      ports: {
        clock: this.time.createClock(),
        random: new SimulatedRandom(number),
        network: this.network.host(host),
        compute: new SimulatedCompute(),
        log: new CollectingLog(),
      },
      identity: { kind: 'worker', id: workerId(number) },
      clusterId: undefined,
      secret: new Uint8Array(32).fill(7),
      handlers: new Map(),
      bodies: this.#bodies,
    }
  }
}

describe('connections to other workers', () => {
  test('are shared, and closed after a minute without use', async () => {
    const world = new World()
    const place = await world.listen(1)
    const both = await world.time.run(Promise.all([world.ask(place), world.ask(place)]))
    assert.deepEqual(both, [place.worker, place.worker])
    assert.equal(world.dialled, 1)
    await world.time.advance(59_000)
    assert.equal(await world.who(place), place.worker)
    await world.time.advance(59_000)
    assert.deepEqual([world.dialled, world.network.connectionCount], [1, 1])
    await world.time.advance(5000)
    assert.equal(world.network.connectionCount, 0)
    assert.equal(await world.who(place), place.worker)
    assert.equal(world.dialled, 2)
  })

  test('are not closed while they are used', async () => {
    const world = new World()
    const place = await world.listen(1)
    const { promise, resolve } = Promise.withResolvers<void>()
    const using = world.peers.use(place, async (peer) => {
      await promise
      return peer.open
    })
    await world.time.advance(200_000)
    resolve()
    assert.equal(await world.time.run(using), true)
  })

  test('are only to whom proves to be the worker asked for', async () => {
    const world = new World()
    const place = await world.listen(1)
    assert.equal(await world.who({ ...place, worker: workerId(2) }), 'peer-unreachable')
    assert.equal(await world.who(place), place.worker)
    assert.equal(world.network.connectionCount, 1)
  })

  test('are not tried again for some seconds after a failure', async () => {
    const world = new World()
    const place = { worker: workerId(1), address: 'w1:7001' }
    assert.equal(await world.who(place), 'peer-unreachable')
    await world.listen(1)
    assert.equal(await world.who(place), 'peer-unreachable')
    assert.equal(world.dialled, 1)
    await world.time.advance(5000)
    assert.equal(await world.who(place), place.worker)
    assert.equal(world.dialled, 2)
  })

  test('are made anew after the other side went', async () => {
    const world = new World()
    const place = await world.listen(1)
    assert.equal(await world.who(place), place.worker)
    world.network.crash('w1', { silent: false })
    await world.time.advance(100)
    await world.listen(1)
    assert.equal(await world.who(place), place.worker)
    assert.equal(world.dialled, 2)
  })

  test('are at most 64: the one unused for longest goes, and none that is used', async () => {
    const world = new World()
    const places: WorkerAddress[] = []
    for (let number = 1; number <= 66; number++) places.push(await world.listen(number))
    for (const place of places.slice(0, 64)) assert.equal(await world.who(place), place.worker)
    const [first, last] = [defined(places[0], 'first'), defined(places[64], 'last')]
    assert.equal(await world.who(first), first.worker)
    assert.equal(await world.who(last), last.worker)
    await world.time.advance(2000)
    assert.deepEqual([world.network.connectionCount, world.dialled], [64, 65])
    assert.equal(await world.who(first), first.worker)
    assert.equal(world.dialled, 65)
    const { promise, resolve } = Promise.withResolvers<void>()
    // All in use.
    const using = places.slice(0, 64).map((place) => world.peers.use(place, async () => await promise))
    assert.equal(await world.who(defined(places[65], 'one more')), 'overloaded')
    resolve()
    await world.time.run(Promise.all(using))
  })

  test('end all when the worker stops, also those that are being dialled', async () => {
    const world = new World()
    const place = await world.listen(1)
    const slow = await world.listen(2)
    assert.equal(await world.who(place), place.worker)
    world.network.setLinks('me', 'w2', { held: true })
    const dialling = assert.rejects(world.peers.use(slow, async () => await Promise.resolve()))
    await world.time.run(world.peers.close())
    await world.time.run(dialling)
    await world.time.run(world.peers.close())
    await world.time.advance(100)
    assert.equal(world.network.connectionCount, 0)
  })
})
