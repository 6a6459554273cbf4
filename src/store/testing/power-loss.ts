// Random work on a store, cut short by a power loss at a chosen step of its disks, and then the question whether the store kept
// its promises. The model knows for every fragment which contents are allowed: one, after an acknowledged put; none, after
// an acknowledged drop; more than one where the power went before the answer.

import { defined } from '../../base/assert.ts'
import { errorCode } from '../../base/errors.ts'
import { SeededRandom } from '../../base/random.ts'
import { PowerSwitch } from '../../../sim/ports/power.ts'
import type { StoreOptions } from '../contract.ts'
import type { FragmentStore } from '../fragment-store.ts'
import { Machine } from './machine.ts'
import { dataIdNumber, groupId, keyOf, makeRecord, payloadOf } from './records.ts'

/** Which content a fragment has; 0: it is not there. */
type Content = number

const idCount = 40
const blocksMax = 3
const sizes = [10, 700, 3000, 9000, 40_000, 66_000, 100_000]
const options: StoreOptions = { segmentBytesMax: 384 * 1024, memoryEntriesMax: 24, ballastBytes: 0, openFilesMax: 3 }

export interface PowerLossPoint {
  readonly seed: number
  /** The step of the machine's disks at which the power goes; `undefined`: it does not. */
  readonly cutAtStep: number | undefined
  readonly operations: number
  readonly plant?: 'disk.skip-sync' | 'disk.skip-directory-sync'
  /** How many more power losses hit the recovery itself. Default 2. */
  readonly recoveryLosses?: number
}

export interface PowerLossResult {
  /** Promises that were broken, as sentences. */
  readonly violations: readonly string[]
  /** Steps that the work took. */
  readonly steps: number
}

interface Fragment {
  readonly id: number
  readonly block: number
}

function nameOf({ id, block }: Fragment): string {
  return `${id}/${block}`
}

/** What the store may hold. */
class Model {
  readonly #allowed = new Map<string, ReadonlySet<Content>>()

  allowed(fragment: Fragment): ReadonlySet<Content> {
    return this.#allowed.get(nameOf(fragment)) ?? new Set([0])
  }

  set(fragment: Fragment, ...contents: readonly Content[]): void {
    this.#allowed.set(nameOf(fragment), new Set(contents))
  }

  allow(fragment: Fragment, content: Content): void {
    this.#allowed.set(nameOf(fragment), new Set([...this.allowed(fragment), content]))
  }

  /** The only content allowed; `undefined` where there are more. */
  content(fragment: Fragment): Content | undefined {
    const allowed = this.allowed(fragment)
    return allowed.size === 1 ? [...allowed][0] : undefined
  }
}

function recordOptions(fragment: Fragment, content: Content): Parameters<typeof makeRecord>[0] {
  const payloadBytes = defined(sizes[(fragment.id * 7 + content) % sizes.length], 'a size')
  return { dataId: dataIdNumber(fragment.id), block: fragment.block, payloadBytes, seed: content }
}

export async function runPowerLoss(point: PowerLossPoint): Promise<PowerLossResult> {
  const machine = new Machine(point.seed)
  const random = new SeededRandom(point.seed)
  const model = new Model()
  if (point.plant !== undefined) machine.faults.plant(point.plant)
  machine.power = powerUntil(point.cutAtStep)
  const { power } = machine
  await Promise.race([work(machine, model, random, point.operations), power.off])
  const { steps } = power
  if (point.cutAtStep === undefined) return { violations: await check(machine, model), steps }
  for (let loss = random.below((point.recoveryLosses ?? 2) + 1); loss > 0; loss--) {
    machine.losePower(new PowerSwitch({ cutAtStep: 1 + random.below(60) }))
    // A smaller reserve makes smaller segments.
    const segmentBytesMax = (64 << random.below(4)) * 1024
    await Promise.race([machine.open({ ...options, segmentBytesMax }).catch(() => undefined), machine.power.off])
  }
  machine.losePower()
  // The log is the truth: now and then the index is lost too.
  if (random.below(4) === 0) machine.indexes.damaged.add('index')
  return { violations: await check(machine, model), steps }
}

function powerUntil(cutAtStep: number | undefined): PowerSwitch {
  return new PowerSwitch(cutAtStep === undefined ? {} : { cutAtStep })
}

async function work(machine: Machine, model: Model, random: SeededRandom, operations: number): Promise<void> {
  let { store } = await machine.open(options)
  for (let done = 0; done < operations;) {
    const atOnce = 1 + random.below(6)
    const busy = new Set<number>()
    const running: Promise<void>[] = []
    for (let index = 0; index < atOnce; index++, done++) {
      const id = random.below(idCount)
      if (busy.has(id)) continue
      busy.add(id)
      running.push(operate(store, model, random, id))
    }
    await Promise.all(running)
    const chance = random.below(100)
    if (chance < 20) await store.compactOnce()
    else if (chance < 23) await store.checkpoint()
    else if (chance < 25) {
      await store.close()
      store = (await machine.open(options)).store
    }
  }
  await store.close()
}

async function operate(store: FragmentStore, model: Model, random: SeededRandom, id: number): Promise<void> {
  if (random.below(100) < 25) return drop(store, model, id)
  const fragment = { id, block: random.below(blocksMax) }
  const held = model.content(fragment)
  const content = held === undefined || held === 0 ? 1 + random.below(1000) : held
  model.allow(fragment, content)
  await store.put(makeRecord(recordOptions(fragment, content)))
  model.set(fragment, content)
}

async function drop(store: FragmentStore, model: Model, id: number): Promise<void> {
  const fragments = Array.from({ length: blocksMax }, (_, block) => ({ id, block }))
  for (const fragment of fragments) model.allow(fragment, 0)
  await store.drop(groupId(1), [dataIdNumber(id)])
  for (const fragment of fragments) model.set(fragment, 0)
}

/** Opens the store, compares it with the model, lets it work on, and compares again. */
async function check(machine: Machine, model: Model): Promise<readonly string[]> {
  const violations: string[] = []
  const random = new SeededRandom(99)
  for (const round of ['after the loss', 'after more work', 'after another start', 'after a rebuild']) {
    let store: FragmentStore
    try {
      store = (await machine.open(options)).store
    } catch (error) {
      return [...violations, `${round}: the store does not open: ${String(error)}`]
    }
    violations.push(...(await compare(store, model)).map((violation) => `${round}: ${violation}`))
    if (violations.length > 0) return violations
    if (round === 'after more work') {
      for (let id = 0; id < idCount; id++) await operate(store, model, random, id)
      while (await store.compactOnce());
      violations.push(...(await compare(store, model)).map((violation) => `${round}: ${violation}`))
    }
    await store.close()
    if (round === 'after another start') machine.indexes.damaged.add('index')
  }
  return violations
}

async function compare(store: FragmentStore, model: Model): Promise<readonly string[]> {
  const violations: string[] = []
  let held = 0
  for (let id = 0; id < idCount; id++) {
    for (let block = 0; block < blocksMax; block++) {
      const fragment = { id, block }
      const allowed = model.allowed(fragment)
      const content = await contentOf(store, fragment, allowed)
      if (typeof content === 'string') violations.push(`${nameOf(fragment)} ${content}`)
      else if (!allowed.has(content)) {
        violations.push(`${nameOf(fragment)} has content ${content} instead of ${[...allowed].join(' or ')}`)
      } else {
        // From here on it must stay as it is.
        model.set(fragment, content)
        if (content !== 0) held++
      }
    }
  }
  const listed = store.list({ group: groupId(1), limit: 10_000 }).length
  const { fragments, damaged } = store.usage()
  if (listed !== held && violations.length === 0) violations.push(`${listed} are listed, ${held} are held`)
  if (fragments !== held && violations.length === 0) violations.push(`${fragments} are counted, ${held} are held`)
  if (damaged !== 0) violations.push(`${damaged} are damaged`)
  return violations
}

async function contentOf(
  store: FragmentStore,
  fragment: Fragment,
  allowed: ReadonlySet<Content>,
): Promise<Content | string> {
  try {
    const read = await store.read(keyOf(recordOptions(fragment, 1)))
    const bytes = read.bytes.slice()
    read.release()
    const found = [...allowed].find(
      (content) => content > 0 && Buffer.compare(bytes, payloadOf(recordOptions(fragment, content))) === 0,
    )
    return found ?? 'has a content that nobody put'
  } catch (error) {
    return errorCode(error) === 'fragment-missing' ? 0 : `cannot be read: ${String(error)}`
  }
}
