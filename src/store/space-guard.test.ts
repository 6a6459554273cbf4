import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { CollectingLog } from '../../sim/ports/log.ts'
import { defined } from '../base/assert.ts'
import { errorCode, FrostError } from '../base/errors.ts'
import { GIB, MIB } from '../base/units.ts'
import { SpaceGuard } from './space-guard.ts'

const reserveBytes = 256 * MIB
/** Puts of a MiB that each store has admitted and not written. */
const waiting = 20

/** Stores on one file system, of which only the free space is simulated: a put is on the disk some turns after it was admitted. */
class SharedFileSystem {
  freeBytes: number
  readonly guards: readonly SpaceGuard[]
  readonly #queue: { readonly guard: SpaceGuard; readonly bytes: number }[] = []

  constructor(freeBytes: number, stores: number) {
    this.freeBytes = freeBytes
    const time = new VirtualTime()
    const disk = {
      open: async () => await Promise.resolve(undefined),
      reserve: async () => await Promise.resolve(),
      space: async () => {
        await Promise.resolve()
        return { totalBytes: freeBytes, freeBytes: this.freeBytes, fileSystem: 'shared' }
      },
    }
    this.guards = Array.from({ length: stores }, () => {
      const log = new CollectingLog()
      const ports = { disk, clock: time.createClock(), log, segmentBytes: () => 0, fullChanged: () => undefined }
      return new SpaceGuard(ports, { capacityBytes: Number.MAX_SAFE_INTEGER, reserveBytes, ballastBytes: 0 })
    })
  }

  admit(guard: SpaceGuard, bytes: number): boolean {
    try {
      guard.admit(bytes)
    } catch (error) {
      assert.equal(errorCode(error), 'insufficient-storage')
      return false
    }
    this.#queue.push({ guard, bytes })
    return true
  }

  /** Writes what waits, but for the last `left`. */
  write(left: number): void {
    while (this.#queue.length > left) {
      const { guard, bytes } = defined(this.#queue.shift(), 'put')
      this.freeBytes -= bytes
      guard.settled(bytes)
    }
  }
}

describe('The ballast', () => {
  test('for which there was no room at the start is taken when there is room for it and the reserve', async () => {
    const ballastBytes = 16 * MIB
    let freeBytes = 8 * MIB
    const sizes: number[] = []
    const disk = {
      open: async () => await Promise.resolve(undefined),
      reserve: async (_name: string, bytes: number) => {
        await Promise.resolve()
        if (bytes > freeBytes) throw new FrostError('insufficient-storage', 'No space is left.')
        sizes.push(bytes)
      },
      space: async () => await Promise.resolve({ totalBytes: GIB, freeBytes, fileSystem: 'one' }),
    }
    const full: boolean[] = []
    const time = new VirtualTime()
    const clock = time.createClock()
    const log = new CollectingLog()
    const ports = { disk, clock, log, segmentBytes: () => 0, fullChanged: (isFull: boolean) => full.push(isFull) }
    const guard = new SpaceGuard(ports, { capacityBytes: Number.MAX_SAFE_INTEGER, reserveBytes, ballastBytes })
    await guard.open()
    assert.deepEqual(sizes, [])
    for (const [free, taken] of [
      [reserveBytes + ballastBytes - 1, []],
      [reserveBytes + ballastBytes, [ballastBytes]],
      [GIB, [ballastBytes]],
    ] as const) {
      freeBytes = free
      await guard.askCopyRoom()
      assert.deepEqual(sizes, taken)
    }
    // It is there to be given up.
    await guard.noSpace()
    assert.deepEqual([sizes, full], [[ballastBytes, 0], [true]])
  })
})

async function fill(shared: SharedFileSystem): Promise<void> {
  for (const guard of shared.guards) await guard.open()
  for (let isAnyAdmitted = true; isAnyAdmitted;) {
    isAnyAdmitted = false
    for (const guard of shared.guards) isAnyAdmitted = shared.admit(guard, MIB) || isAnyAdmitted
    shared.write(waiting * shared.guards.length)
    for (const guard of shared.guards) await guard.idle()
  }
  shared.write(0)
}

describe('The reserve', () => {
  for (const stores of [1, 5]) {
    test(`is used by ${stores} stores on one file system at most for what others had waiting`, async () => {
      // At whatever moment the file system was asked last.
      for (let more = 0; more < 12; more++) {
        const shared = new SharedFileSystem(GIB + more * 25 * MIB, stores)
        await fill(shared)
        const others = (stores - 1) * waiting * MIB
        assert.ok(shared.freeBytes > reserveBytes - others - 2 * stores * MIB, `${shared.freeBytes / MIB} MiB are left`)
        assert.ok(shared.freeBytes < reserveBytes + 64 * stores * MIB, `${shared.freeBytes / MIB} MiB are left`)
      }
    })
  }
})
