import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../../src/base/errors.ts'
import type { Connection } from '../../src/ports/network.ts'
import { NodeClock } from '../../src/node/clock.ts'
import { networkConformance } from '../../test/conformance/network.ts'
import { VirtualTime } from './clock.ts'
import { SimulatedNetwork } from './network.ts'
import { SimulatedRandom } from './random.ts'

networkConformance('SimulatedNetwork over virtual time', () => {
  const time = new VirtualTime()
  const simulated = new SimulatedNetwork({ clock: time.createClock(), random: new SimulatedRandom(1) })
  simulated.setLinks('a', 'a', { delayMsMin: 0.1, delayMsMax: 2 })
  return {
    network: simulated.host('a'),
    address: 'a:0',
    deadAddress: 'b:1',
    wait: (promise) => time.run(promise),
    settle: () => time.advance(1000),
  }
})

networkConformance('SimulatedNetwork over real time', () => {
  const clock = new NodeClock()
  const simulated = new SimulatedNetwork({ clock, random: new SimulatedRandom(2), pieceBytesMax: 1024 * 1024 })
  return {
    network: simulated.host('a'),
    address: 'a:0',
    deadAddress: 'b:1',
    wait: (promise) => promise,
    settle: () => clock.sleep(50),
  }
})

interface World {
  readonly time: VirtualTime
  readonly simulated: SimulatedNetwork
  readonly atA: Connection
  readonly atB: Connection
  readonly heardByA: string[]
  readonly heardByB: string[]
}

/** Hosts a and b with one connection, dialled by a; what each side hears. */
async function createWorld(seed = 3): Promise<World> {
  const time = new VirtualTime()
  const simulated = new SimulatedNetwork({ clock: time.createClock(), random: new SimulatedRandom(seed) })
  const { promise, resolve } = Promise.withResolvers<Connection>()
  await simulated.host('b').listen('b:7000', resolve)
  const atA = await time.run(simulated.host('a').connect('b:7000', { timeoutMs: 1000 }))
  const atB = await time.run(promise)
  const heardByA = listenTo(atA)
  const heardByB = listenTo(atB)
  return { time, simulated, atA, atB, heardByA, heardByB }
}

function listenTo(connection: Connection): string[] {
  const heard: string[] = []
  const memory = new Uint8Array(10)
  connection.receive({
    target: () => memory,
    received: (count) => heard.push(...[...memory.subarray(0, count)].map(String)),
    chunk: (bytes) => heard.push(...[...bytes].map(String)),
    closed: (error) => heard.push(error === undefined ? 'end' : 'broken'),
  })
  return heard
}

describe('SimulatedNetwork', () => {
  test('a delayed direction is late, the other one is not', async () => {
    const { time, simulated, atA, atB, heardByA, heardByB } = await createWorld()
    simulated.setLink('a', 'b', { delayMsMin: 100, delayMsMax: 100 })
    atA.write([Uint8Array.of(1)])
    atB.write([Uint8Array.of(2)])
    await time.advance(99)
    assert.deepEqual([heardByA, heardByB], [['2'], []])
    await time.advance(2)
    assert.deepEqual(heardByB, ['1'])
  })

  test('a direction that is held back delivers nothing, and all of it in order once it is free', async () => {
    const { time, simulated, atA, atB, heardByA, heardByB } = await createWorld()
    simulated.setLink('a', 'b', { held: true })
    atA.write([Uint8Array.of(1, 2)])
    atB.write([Uint8Array.of(3)])
    await time.advance(1000)
    atA.write([Uint8Array.of(4)])
    await time.advance(1000)
    assert.deepEqual([heardByA, heardByB], [['3'], []])
    simulated.setLink('a', 'b', { held: false })
    await time.advance(1)
    assert.deepEqual(heardByB, ['1', '2', '4'])
  })

  test('nobody can be dialled through a direction that is held back or cut', async () => {
    const { time, simulated } = await createWorld()
    for (const change of [{ held: true }, { held: false, cut: true }]) {
      simulated.setLink('b', 'a', change)
      await assert.rejects(
        time.run(simulated.host('a').connect('b:7000', { timeoutMs: 1000 })),
        (error) => errorCode(error) === 'peer-unreachable',
      )
    }
  })

  test('a cut breaks the connection on both sides, with what was under way', async () => {
    const { time, simulated, atA, heardByA, heardByB } = await createWorld()
    simulated.setLink('a', 'b', { delayMsMin: 10, delayMsMax: 10 })
    atA.write([Uint8Array.of(1)])
    await time.advance(5)
    simulated.setLink('a', 'b', { cut: true })
    await time.advance(100)
    assert.deepEqual([heardByA, heardByB], [['broken'], ['broken']])
    assert.equal(simulated.connectionCount, 0)
  })

  test('a killed host ends its connections for the others, and says nothing itself any more', async () => {
    const { time, simulated, atA, heardByA, heardByB } = await createWorld()
    simulated.crash('b', { silent: false })
    atA.write([Uint8Array.of(1)])
    await time.advance(10)
    assert.deepEqual([heardByA, heardByB], [['end'], []])
    await assert.rejects(
      time.run(simulated.host('a').connect('b:7000', { timeoutMs: 1000 })),
      (error) => errorCode(error) === 'peer-unreachable',
    )
  })

  test('a host without power tells nobody', async () => {
    const { time, simulated, atA, atB, heardByA, heardByB } = await createWorld()
    simulated.crash('b', { silent: true })
    atA.write([Uint8Array.of(1)])
    atB.write([Uint8Array.of(2)])
    await time.advance(1000)
    assert.deepEqual([heardByA, heardByB], [[], []])
  })

  test('a link that loses tails loses an end of what was sent before the connection ended, never a middle', async () => {
    const lengths = new Set<number>()
    for (let round = 0; round < 30; round++) {
      const { time, simulated, atA, heardByB } = await createWorld(round)
      simulated.setLink('a', 'b', { losesTail: true, delayMsMin: 10, delayMsMax: 10 })
      for (let value = 0; value < 10; value++) atA.write([Uint8Array.of(value)])
      await time.advance(5)
      atA.destroy()
      await time.advance(50)
      assert.equal(heardByB.pop(), 'end')
      assert.deepEqual(heardByB, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'].slice(0, heardByB.length))
      lengths.add(heardByB.length)
    }
    assert.ok(lengths.size > 3)
  })

  test('one seed gives one run', async () => {
    const runs: string[][] = []
    for (let round = 0; round < 2; round++) {
      const { time, simulated, atA, heardByB } = await createWorld()
      simulated.setLinks('a', 'b', { delayMsMin: 1, delayMsMax: 50 })
      for (let value = 0; value < 20; value++) atA.write([new Uint8Array(1000).fill(value)])
      await time.run(simulated.host('a').connect('b:7000', { timeoutMs: 1000 }))
      await time.advance(100)
      runs.push([...heardByB, String(time.eventCount)])
    }
    assert.deepEqual(runs[0], runs[1])
  })
})
