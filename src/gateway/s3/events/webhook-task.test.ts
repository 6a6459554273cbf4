import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../base/units.ts'
import { EventWorld } from './testing/event-world.ts'
import { followerOf } from './webhook.ts'

const down = { status: 500 }
const taken = { status: 200 }

const numbered = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)
const sorted = (keys: Iterable<string>): readonly string[] => [...keys].sort()

describe('events of a webhook', () => {
  test('are delivered, each once while nothing goes wrong, and what is done is written down', async () => {
    const world = await EventWorld.open()
    const { webhooks } = world.start()
    await world.changes('a', 20)
    await world.time.advance(5 * SECOND_MS)
    await world.changes('b', 20)
    await world.scene.put('untold')
    await world.time.advance(5 * SECOND_MS)
    assert.deepEqual(sorted(world.takenKeys()), sorted([...numbered('a', 20), ...numbered('b', 20)]))
    const [follower] = await world.metadata.listFollowers()
    assert.equal(follower?.name, followerOf('hook'))
    const left = await world.metadata.listChanges({ after: follower.sequence, limit: 100 })
    assert.ok(left.every(({ change }) => change.kind === 'lease' || (change.kind === 'version' && !change.cause)))
    const [counts] = webhooks.counts()
    assert.deepEqual([counts?.delivered, counts?.failed, counts?.waiting], [40, 0, 0])
  })

  test('that happened before the webhook had a place in the log are delivered too', async () => {
    const world = await EventWorld.open()
    await world.changes('before', 3)
    world.start()
    await world.time.advance(5 * SECOND_MS)
    assert.deepEqual(sorted(world.takenKeys()), numbered('before', 3))
  })

  test('are delivered again where the process died between a delivery and the writing down of it', async () => {
    const world = await EventWorld.open()
    const first = world.start()
    await world.time.advance(5 * SECOND_MS)
    await world.changes('a', 10)
    // Killed as the webhook takes the first ones.
    world.webhook = () => ({ ...taken, delayMs: 50 })
    while (world.received.length === 0) await world.time.advance(10)
    first.kill()
    const before = world.received.length
    assert.ok(before < 10)
    world.start()
    await world.time.advance(30 * SECOND_MS)
    assert.deepEqual(sorted(new Set(world.takenKeys())), numbered('a', 10))
    const ids = world.received.map(({ id }) => id)
    assert.equal(new Set(ids).size, 10)
    assert.deepEqual(
      ids.slice(0, before).filter((id) => !ids.slice(before).includes(id)),
      [],
      'what was not written down is sent again, by the same ids',
    )
  })

  test('go on where another process takes the lease over, and only the holder sends', async () => {
    const world = await EventWorld.open()
    const first = world.start()
    await world.time.advance(5 * SECOND_MS)
    world.start()
    await world.changes('a', 5)
    await world.time.advance(10 * SECOND_MS)
    assert.equal(world.received.length, 5)
    await first.stop()
    await world.changes('b', 5)
    await world.time.advance(20 * SECOND_MS)
    assert.deepEqual(sorted(world.takenKeys()), sorted([...numbered('a', 5), ...numbered('b', 5)]))
  })

  test('wait for a webhook that is away for hours, and none is lost', async () => {
    const world = await EventWorld.open()
    const { webhooks } = world.start()
    world.webhook = () => undefined
    await world.changes('a', 700) // more than are held in memory
    await world.time.advance(2 * HOUR_MS)
    const attempts = world.received.length
    assert.ok(attempts > 10 && attempts < 200, `${attempts} attempts in two hours`)
    const [waiting] = webhooks.counts()
    assert.deepEqual([waiting?.waiting, waiting?.delivered], [500, 0])
    world.webhook = () => taken
    await world.time.advance(10 * MINUTE_MS)
    assert.deepEqual(sorted(new Set(world.takenKeys())), sorted(numbered('a', 700)))
    assert.equal(world.takenKeys().length, 700)
    const told = world.log.entries.filter(({ message }) => message.includes('webhook'))
    assert.deepEqual(
      told.map(({ level }) => level),
      ['warn', 'info'],
    )
  })

  test('older than a day are given up while their webhook is away, and it is said', async () => {
    const world = await EventWorld.open()
    const { webhooks } = world.start()
    world.webhook = () => undefined
    for (const key of numbered('old', 3)) await world.change(key, 'hook', DAY_MS - MINUTE_MS)
    await world.change('young')
    await world.time.advance(2 * MINUTE_MS)
    world.webhook = () => taken
    await world.time.advance(10 * MINUTE_MS)
    assert.deepEqual(world.takenKeys(), ['young'])
    const [counts] = webhooks.counts()
    assert.deepEqual(counts?.dropped, { refused: 0, expired: 3, trimmed: 0 })
    const given = world.log.entries.filter(({ message }) => message.startsWith('An event was given up'))
    assert.deepEqual(sorted(given.map(({ fields }) => String(fields['key']))), numbered('old', 3))
  })

  test('of a dead or slow webhook do not hold up those of another', async () => {
    const world = await EventWorld.open()
    world.start(['dead', 'slow', 'well'])
    world.webhook = ({ webhook }) =>
      webhook === 'dead' ? undefined : { ...taken, delayMs: webhook === 'slow' ? 9 * SECOND_MS : 5 }
    await world.time.advance(5 * SECOND_MS)
    for (const target of ['dead', 'slow', 'well']) await world.changes(`${target}-`, 50, target)
    await world.time.advance(3 * SECOND_MS)
    assert.equal(world.takenKeys('well').length, 50)
    assert.equal(world.takenKeys('slow').length, 0)
    await world.time.advance(2 * MINUTE_MS)
    assert.equal(world.takenKeys('slow').length, 50)
  })

  test('are sent again where the webhook takes too long to answer', async () => {
    const world = await EventWorld.open()
    world.start()
    let first = true
    world.webhook = () => {
      const delayMs = first ? 60 * SECOND_MS : 5
      first = false
      return { ...taken, delayMs }
    }
    await world.change('a')
    await world.time.advance(MINUTE_MS)
    assert.equal(world.received.length, 2)
  })

  test('of one key come in order, also through failures', async () => {
    const world = await EventWorld.open()
    world.start()
    let count = 0
    world.webhook = () => (++count % 3 === 0 ? down : { ...taken, delayMs: (count * 37) % 200 })
    for (let round = 0; round < 10; round++) await world.changes('key', 3)
    await world.time.advance(10 * MINUTE_MS)
    for (const key of numbered('key', 3)) {
      const sequencers = world.received.filter((event) => event.taken && event.key === key).map((one) => one.sequencer)
      assert.equal(sequencers.length, 10)
      assert.deepEqual(sequencers, sorted(sequencers))
    }
  })

  test('that a webhook never takes are given up after an hour, while it takes others', async () => {
    const world = await EventWorld.open()
    const { webhooks } = world.start()
    world.webhook = ({ key }) => (key === 'poison' ? { status: 400 } : taken)
    await world.change('poison')
    for (let minute = 0; minute < 90; minute++) {
      await world.change(`good${minute}`)
      await world.time.advance(MINUTE_MS)
    }
    assert.equal(world.takenKeys().length, 90)
    const latest = Math.max(...world.received.filter(({ key }) => key === 'poison').map(({ atMs }) => atMs))
    assert.ok(latest > 50 * MINUTE_MS)
    const [counts] = webhooks.counts()
    assert.deepEqual([counts?.dropped.refused, counts?.waiting], [1, 0])
  })

  test('are not tried before the time that the webhook asked for', async () => {
    const world = await EventWorld.open()
    world.start()
    world.webhook = () => ({ status: 429, retryAfter: '600' })
    await world.change('a')
    await world.time.advance(5 * MINUTE_MS)
    assert.equal(world.received.length, 1)
    world.webhook = () => taken
    await world.time.advance(6 * MINUTE_MS)
    assert.equal(world.takenKeys().length, 1)
  })

  test('are held in the change log against its trimming, and what that no longer held is told', async () => {
    const world = await EventWorld.open()
    const { webhooks } = world.start()
    world.webhook = () => undefined
    await world.time.advance(5 * SECOND_MS)
    await world.changes('a', 600)
    await world.time.advance(MINUTE_MS)
    const last = (await world.metadata.visibleSequence()) - 1
    await world.metadata.trimChanges({ through: last })
    const kept = await world.metadata.listChanges({ after: last - 600, limit: 1_000 })
    assert.equal(kept.length, 600)
    // As after ten million changes more: the follower is passed over.
    await world.metadata.putFollower({ name: followerOf('hook') })
    await world.metadata.trimChanges({ through: last })
    await world.change('b')
    world.webhook = () => taken
    await world.time.advance(10 * MINUTE_MS)
    assert.equal(world.takenKeys().length, 501)
    const [counts] = webhooks.counts()
    assert.ok((counts?.dropped.trimmed ?? 0) >= 100)
    assert.ok(world.log.entries.some(({ message }) => message.startsWith('The change log no longer holds')))
  })
})
