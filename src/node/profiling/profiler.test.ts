import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'

import { Profile } from 'pprof-format'

import { FrostError } from '../../base/errors.ts'
import { NodeProfiler } from './profiler.ts'

interface Decoded {
  readonly profile: Profile
  readonly types: readonly string[]
  /** Of the kind asked for, by the name of the innermost function. */
  valueOf(type: string, functionName: RegExp): number
}

function decode(bytes: Uint8Array): Decoded {
  const profile = Profile.decode(gunzipSync(bytes))
  const text = (index: number | bigint): string => profile.stringTable.strings[Number(index)] ?? ''
  const types = profile.sampleType.map(({ type }) => text(type))
  const nameOf = (location: number | bigint): string => {
    const line = profile.location.find(({ id }) => Number(id) === Number(location))?.line[0]
    const own = profile.function.find(({ id }) => Number(id) === Number(line?.functionId))
    return own === undefined ? '' : text(own.name)
  }
  return {
    profile,
    types,
    valueOf: (type, functionName) =>
      profile.sample
        .filter(({ locationId: [innermost] }) => innermost !== undefined && functionName.test(nameOf(innermost)))
        .reduce((sum, { value }) => sum + Number(value[types.indexOf(type)]), 0),
  }
}

function decodeText({ profile }: Decoded, index: number | bigint): string {
  return profile.stringTable.strings[Number(index)] ?? ''
}

const never = new AbortController().signal
const profiler = new NodeProfiler()
profiler.start()

function hold(count: number): { readonly place: number; readonly list: readonly number[] }[] {
  const held: { readonly place: number; readonly list: readonly number[] }[] = []
  for (let place = 0; place < count; place++) held.push({ place, list: [place] })
  return held
}

/** Until it is told to end, a part of the time. */
function keepBusy(work: () => void): () => void {
  const timer = setInterval(work, 1)
  return () => clearInterval(timer)
}

function burnCycles(): void {
  let sum = 0
  for (let index = 0; index < 300_000; index++) sum += Math.sqrt(index + sum)
  assert.ok(sum > 0)
}

test('a heap profile tells who holds what: bytes and objects, by function, file and line', async () => {
  const held = hold(300_000)
  const decoded = decode(await profiler.heap({ collect: true }))
  assert.deepEqual(decoded.types, ['inuse_objects', 'inuse_space'])
  assert.equal(decodeText(decoded, decoded.profile.defaultSampleType), 'inuse_space')
  const own = /profiling\/profiler\.test\.hold$/
  const bytes = decoded.valueOf('inuse_space', own)
  const objects = decoded.valueOf('inuse_objects', own)
  // Two objects and a small array each, 88 bytes or more, and the list: what a sampled profile says of it is near.
  assert.ok(bytes > 15e6 && bytes < 60e6, `${bytes} bytes`)
  assert.ok(objects > 500_000 && objects < 1_200_000, `${objects} objects`)
  const named = decoded.profile.function.find(({ name }) => own.test(decodeText(decoded, name)))
  assert.ok(named !== undefined && decodeText(decoded, named.filename) === import.meta.filename)
  assert.ok(Number(named.startLine) > 1)
  assert.equal(held.length, 300_000)
})

test('what is not held any more is gone from the heap profile after a garbage collection', async () => {
  const held = hold(300_000)
  const own = /\.hold$/
  const before = decode(await profiler.heap({ collect: true })).valueOf('inuse_space', own)
  held.length = 0
  const after = decode(await profiler.heap({ collect: true })).valueOf('inuse_space', own)
  assert.ok(after < before / 2, `${before} before, ${after} after`)
})

test('a processor profile names what was busy and leaves out idle time', async () => {
  const end = keepBusy(burnCycles)
  const before = process.cpuUsage()
  const decoded = decode(await profiler.cpu({ seconds: 1, signal: never }))
  const { user, system } = process.cpuUsage(before)
  end()
  assert.deepEqual(decoded.types, ['samples', 'cpu'])
  assert.equal(decodeText(decoded, decoded.profile.defaultSampleType), 'cpu')
  const sum = decoded.valueOf('cpu', /./)
  assert.ok(decoded.valueOf('cpu', /profiler\.test\.burnCycles$/) > sum / 4)
  assert.equal(decoded.valueOf('cpu', /^\(idle\)$/), 0)
  // What the process used in all, the making of the profile included, is the most that it can say.
  assert.ok(sum <= (user + system) * 1000, `${sum} ns of ${user + system} µs`)
  assert.equal(Number(decoded.profile.period), 1_000_000)
})

test('an allocation profile has what was given up again, and the heap is sampled on afterwards', async () => {
  const end = keepBusy(() => void hold(1000))
  const taking = profiler.allocations({ seconds: 1, signal: never })
  await new Promise(setImmediate)
  await assert.rejects(
    profiler.heap({ collect: false }),
    (error) => error instanceof FrostError && error.code === 'profile-running',
  )
  const decoded = decode(await taking)
  end()
  assert.deepEqual(decoded.types, ['alloc_objects', 'alloc_space'])
  assert.ok(decoded.valueOf('alloc_space', /\.hold$/) > 1e6)
  const held = hold(300_000)
  assert.ok(decode(await profiler.heap({ collect: false })).valueOf('inuse_space', /\.hold$/) > 15e6)
  assert.equal(held.length, 300_000)
})

test('one profile over a time is taken at once, and one that nobody wants any more ends', async () => {
  const controller = new AbortController()
  const first = profiler.cpu({ seconds: 100, signal: controller.signal })
  const isRunning = (error: unknown): boolean => error instanceof FrostError && error.code === 'profile-running'
  await assert.rejects(profiler.cpu({ seconds: 1, signal: never }), isRunning)
  await assert.rejects(profiler.allocations({ seconds: 1, signal: never }), isRunning)
  const outcome = assert.rejects(first)
  controller.abort()
  await outcome
  decode(await profiler.cpu({ seconds: 1, signal: never }))
})

test('what is under way is stacks with counts and labels', async () => {
  const activity = { stack: ['rest', 'rest.GET download'], ageMs: 1500, labels: { peer: '127.0.0.1' } }
  const decoded = decode(await profiler.activities([activity, activity]))
  assert.deepEqual(decoded.types, ['requests', 'age'])
  assert.equal(decoded.valueOf('requests', /^rest\.GET download$/), 2)
  assert.equal(decoded.valueOf('age', /^rest\.GET download$/), 3_000_000_000)
  const label = decoded.profile.sample[0]?.label[0]
  assert.ok(label !== undefined)
  assert.deepEqual([decodeText(decoded, label.key), decodeText(decoded, label.str)], ['peer', '127.0.0.1'])
})
