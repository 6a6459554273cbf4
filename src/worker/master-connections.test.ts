import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { CollectingLog } from '../../sim/ports/log.ts'
import { SimulatedNetwork } from '../../sim/ports/network.ts'
import { SimulatedRandom } from '../../sim/ports/random.ts'
import { defined } from '../base/assert.ts'
import { parseClusterId, parseProcessId, parseWorkerId } from '../base/ids.ts'
import { MIB } from '../base/units.ts'
import type { Network } from '../ports/network.ts'
import { FixedBodyPool } from '../rpc/body-pool.ts'
import { listenForPeers } from '../rpc/connect.ts'
import type { RpcNode } from '../rpc/connect.ts'
import { encodeHeartbeatReply, encodeRegisterReply } from '../rpc/messages/membership.ts'
import { methods } from '../rpc/messages/methods.ts'
import type { NodeIdentity, RpcHandler, RpcPeer } from '../rpc/peer.ts'
import { MasterConnections } from './master-connections.ts'

const clusterId = defined(parseClusterId('c'.repeat(32)), 'cluster')
const worker = defined(parseWorkerId('b'.repeat(16)), 'worker')
const noHeader = new Uint8Array(0)
const vitals = {
  usedBytes: 0,
  capacityBytes: 1,
  freeBytes: 1,
  oldestDiskOperationMs: 0,
  diskLatencyMs: 3,
  corruptFragments: 0,
  damagedFragments: 0,
  failing: false,
  scrub: { runningFull: false, doneBytes: 0, totalBytes: 0 },
}

/** A master that counts what comes. */
class FakeMaster {
  readonly peers: RpcPeer[] = []
  registrations = 0
  heartbeats = 0
  /** What it tells workers. */
  masters: readonly string[] = []

  get open(): number {
    return this.peers.filter((peer) => peer.open).length
  }
}

class World {
  readonly time = new VirtualTime()
  readonly log = new CollectingLog()
  readonly network = new SimulatedNetwork({ clock: this.time.createClock(), random: new SimulatedRandom(1) })
  readonly masters = new Map<string, FakeMaster>()
  joined = 0

  /** A master process that listens on a host of its own. */
  async listen(host: string, number: number): Promise<FakeMaster> {
    const master = new FakeMaster()
    master.masters = [`${host}:7000`]
    const register: RpcHandler = async () => {
      await Promise.resolve()
      master.registrations++
      const reply = { clusterId, masters: master.masters, heartbeatMs: 1000 }
      return { header: noHeader, body: [encodeRegisterReply(reply)] }
    }
    const heartbeat: RpcHandler = async () => {
      await Promise.resolve()
      master.heartbeats++
      return { header: noHeader, body: [encodeHeartbeatReply({ masters: master.masters })] }
    }
    const id = defined(parseProcessId(number.toString(16).padStart(16, '0')), 'process')
    const handlers = new Map([
      [methods.register, register],
      [methods.heartbeat, heartbeat],
    ] as const)
    const node = { ...this.node({ kind: 'master', id }, this.network.host(host)), handlers }
    await listenForPeers(node, { address: `${host}:7000`, onPeer: (peer) => master.peers.push(peer) })
    this.masters.set(host, master)
    return master
  }

  connect(masters: readonly string[]): MasterConnections {
    const network = this.network.host('w')
    // `alias` is another name of master `m`.
    const aliased: Network = {
      listen: (address, accept) => network.listen(address, accept),
      connect: (address, options) => network.connect(address.replace('alias', 'm'), options),
    }
    const connections = new MasterConnections(
      {
        clock: this.time.createClock(),
        random: new SimulatedRandom(2),
        log: this.log,
        vitals: () => vitals,
        told: async () => {},
        joined: async () => {
          await Promise.resolve()
          this.joined++
        },
        node: () => this.node({ kind: 'worker', id: worker }, aliased),
      },
      { worker, address: 'w:7001', zone: undefined, startCounter: 1, lastBatches: [1] },
      masters,
    )
    connections.start()
    return connections
  }

  private node(identity: NodeIdentity, network: Network): RpcNode {
    return {
      ports: {
        clock: this.time.createClock(),
        random: new SimulatedRandom(3),
        network,
        compute: new SimulatedCompute(),
        log: this.log,
      },
      identity,
      clusterId,
      secret: new Uint8Array(32).fill(7),
      handlers: new Map(),
      bodies: new FixedBodyPool({ memory: new Uint8Array(2 * MIB) }),
    }
  }
}

describe('connections to masters', () => {
  test('register once and send heartbeats', async () => {
    const world = new World()
    const master = await world.listen('m', 1)
    const connections = world.connect(['m:7000'])
    await world.time.advance(10_500)
    assert.deepEqual([master.registrations, master.heartbeats, world.joined], [1, 10, 1])
    await world.time.run(connections.stop())
    await world.time.advance(60_000)
    assert.deepEqual([master.open, master.registrations], [0, 1])
  })

  test('follow what masters say of each other, both ways', async () => {
    const world = new World()
    const first = await world.listen('m', 1)
    const second = await world.listen('n', 2)
    first.masters = ['m:7000', 'n:7000']
    second.masters = ['m:7000', 'n:7000']
    world.connect(['m:7000'])
    await world.time.advance(2000)
    assert.equal(second.open, 1)
    first.masters = ['m:7000']
    second.masters = ['m:7000']
    await world.time.advance(3000)
    assert.deepEqual([first.open, second.open], [1, 0])
  })

  test('come again after a master has gone, sooner or later', async () => {
    const world = new World()
    await world.listen('m', 1)
    world.connect(['m:7000'])
    await world.time.advance(2000)
    world.network.crash('m', { silent: false })
    await world.time.advance(60_000)
    const again = await world.listen('m', 2)
    await world.time.advance(6000)
    assert.equal(again.open, 1)
    // The next loss is told of again, because the connection was good in between.
    const warnings = (): number => world.log.entries.filter((entry) => entry.level === 'warn').length
    const before = warnings()
    again.peers[0]?.destroy('test')
    await world.time.advance(1000)
    assert.equal(warnings(), before + 1)
    assert.equal(again.open, 1)
  })

  test('keep one connection to a master that has two addresses, and use the other when it breaks', async () => {
    const world = new World()
    const master = await world.listen('m', 1)
    master.masters = ['m:7000', 'alias:7000']
    world.connect(['m:7000'])
    await world.time.advance(30_000)
    assert.equal(master.open, 1)
    assert.equal(master.registrations, 1)
    for (const peer of master.peers) peer.destroy('test')
    await world.time.advance(5000)
    assert.equal(master.open, 1)
    assert.equal(master.registrations, 2)
  })
})
