// One client: asks for one thing after the other, of any master, and writes down what it was told. It checks the bytes that it gets itself;
// the order of things is checked at the end (checkers/register.ts).

import { errorCode } from '../../src/base/errors.ts'
import { Outcomes } from './outcomes.ts'
import type { SeededRandom } from '../../src/base/random.ts'
import type { FileInfo, FileReader, PutRequest, Upload, WriteCondition } from '../../src/master/file-service.ts'
import type { SimulatedCluster } from '../cluster.ts'
import type { Defects } from '../defects.ts'
import type { Condition, Effect, History, Tag } from '../history.ts'
import type { VirtualClock } from '../ports/clock.ts'
import { pick } from '../world.ts'
import type { World } from '../world.ts'
import { drawBody } from './body.ts'
import { ConnectionLost, Session } from './session.ts'

export interface ClientWorld {
  readonly cluster: SimulatedCluster
  readonly world: World
  readonly history: History
  readonly defects: Defects
  readonly counts: Map<string, number>
  /** Version ids by tag, for conditions. */
  readonly versions: Map<Tag, FileInfo['version']>
}

type Request = 'put' | 'get' | 'delete' | 'list'

export const bucket = 'default'

export class Client {
  readonly #parts: ClientWorld
  readonly #random: SeededRandom
  readonly #clock: VirtualClock
  readonly #name: string
  readonly #outcomes: Outcomes

  constructor(parts: ClientWorld, random: SeededRandom, name: string) {
    this.#parts = parts
    this.#random = random
    this.#name = name
    this.#outcomes = new Outcomes(parts, name)
    this.#clock = parts.cluster.time.createClock({ node: name, kind: 'client' })
  }

  /** Until `isOver`. */
  async run(isOver: () => boolean): Promise<void> {
    const { thinkMs } = this.#parts.world
    while (!isOver()) {
      await this.#clock.sleep(this.#random.float() * 2 * thinkMs)
      const node = pick(this.#random, this.#parts.cluster.masters)
      if (!node.isRunning || !node.isServing) continue
      await this.#request(new Session(this.#parts.cluster.time, node))
    }
  }

  async #request(session: Session): Promise<void> {
    const { habits } = this.#parts.world
    const requests: Request[] = ['put', 'put', 'get', 'get']
    if (habits.has('deletes')) requests.push('delete')
    if (habits.has('lists')) requests.push('list')
    const request = pick(this.#random, requests)
    const key = this.#key()
    switch (request) {
      case 'put':
        return await this.#put(session, key)
      case 'get':
        return await this.#get(session, key)
      case 'delete':
        return await this.#delete(session, key)
      case 'list':
        return await this.list(session)
    }
  }

  #key(): string {
    return keyOf(this.#random.below(this.#parts.world.keys))
  }

  async #put(session: Session, key: string): Promise<void> {
    const { world, history } = this.#parts
    const bytes = drawBody(this.#random, world)
    const tag = history.newTag(key, bytes)
    const condition = this.#condition(key)
    const isWrongSize = world.habits.has('wrong-sizes') && this.#random.below(12) === 0
    const request: PutRequest = {
      bucket,
      key,
      contentType: tag,
      ...(this.#random.below(2) === 0 ? {} : { sizeBytes: bytes.length + (isWrongSize ? 1 : 0) }),
      ...(condition === undefined ? {} : { condition: this.#toWrite(condition) }),
    }
    const effect: Effect = { kind: 'write', tag, ...(condition === undefined ? {} : { condition }) }
    const invokedAt = history.now()
    let isFinishing = false
    let upload: Upload | undefined
    const add = (made: Effect, outcome: 'told' | 'unknown'): void =>
      history.add({ key, effect: made, invokedAt, text: `${this.#name} puts ${tag} (${bytes.length} bytes)` }, outcome)
    try {
      upload = await session.call(async (files) => await files.put(request))
      if (!(await this.#send(session, upload, bytes))) return this.#outcomes.count('put given up')
      isFinishing = true
      const opened = upload
      const info = await session.call(async () => await opened.finish())
      this.#parts.versions.set(tag, info.version)
      if (info.contentType !== tag || info.sizeBytes !== bytes.length)
        this.#outcomes.defect(`${tag} was stored as ${String(info.contentType)} of ${info.sizeBytes} bytes`)
      add(effect, 'told')
      this.#outcomes.count('put')
    } catch (error) {
      const failed = this.#outcomes.failed(error, 'put')
      if (isFinishing && failed !== 'no') add(effect, 'unknown')
      else if (condition !== undefined && errorCode(error) === 'precondition-failed')
        add({ kind: 'refusal', condition }, 'told')
      const opened = upload
      if (opened !== undefined && !(error instanceof ConnectionLost)) {
        await session.call(() => opened.abort(error)).catch(() => undefined)
      }
    }
  }

  /** Whether the body was sent to its end. */
  async #send(session: Session, upload: Upload, bytes: Uint8Array): Promise<boolean> {
    const { habits } = this.#parts.world
    const isSlow = habits.has('slow-uploads') && this.#random.below(6) === 0
    const isAbandoned = habits.has('abandoned-uploads') && this.#random.below(8) === 0
    const sliceBytes = pick(this.#random, [50, 1000, 20_000]) + this.#random.below(100)
    const endsAt = isAbandoned ? this.#random.below(bytes.length + 1) : bytes.length
    for (let at = 0; at < endsAt; at += sliceBytes) {
      const slice = bytes.slice(at, Math.min(endsAt, at + sliceBytes))
      await session.call(async () => await upload.write(slice))
      if (isSlow) await this.#clock.sleep(this.#random.float() * Math.min(8000, (60_000 * sliceBytes) / bytes.length))
    }
    if (!isAbandoned) return true
    await session.call(() => upload.abort(new Error('the client went away')))
    return false
  }

  async #get(session: Session, key: string): Promise<void> {
    const { history, world } = this.#parts
    const invokedAt = history.now()
    let reader: FileReader | undefined
    try {
      reader = await session.call(async (files) => await files.open({ bucket, key }))
      this.#sees({ key, invokedAt, seen: this.#tagOf(key, reader?.info), text: `${this.#name} opens` })
      if (reader === undefined) return this.#outcomes.count('get of nothing')
      if (world.habits.has('slow-readers') && this.#random.below(4) === 0)
        await this.#clock.sleep(this.#random.float() * 15_000)
      await this.#read(session, reader)
      this.#outcomes.count('get')
    } catch (error) {
      this.#outcomes.failed(error, 'get')
    } finally {
      const opened = reader
      if (opened !== undefined) await session.call(() => opened.close()).catch(() => undefined)
    }
  }

  async #read(session: Session, reader: FileReader): Promise<void> {
    const { info } = reader
    const isRange = this.#parts.world.habits.has('ranges') && info.sizeBytes > 0 && this.#random.below(2) === 0
    const offset = isRange ? this.#random.below(info.sizeBytes) : 0
    const length = isRange ? 1 + this.#random.below(info.sizeBytes - offset) : info.sizeBytes
    const isLeaving = this.#random.below(20) === 0
    await this.#readRange(session, reader, { offset, length, ...(isLeaving ? { leaveAt: offset + length / 2 } : {}) })
  }

  /** `leaveAt`: the client goes away there. */
  async #readRange(
    session: Session,
    reader: FileReader,
    range: { readonly offset: number; readonly length: number; readonly leaveAt?: number },
  ): Promise<void> {
    const { info } = reader
    const { offset, length, leaveAt = Number.POSITIVE_INFINITY } = range
    const written = this.#parts.history.written(info.contentType ?? '')
    const body = await session.call(() => reader.read(offset, length))
    let at = offset
    for (;;) {
      const slice = await session.call(async () => await body.next())
      if (slice === undefined) break
      const { bytes } = slice
      if (written === undefined || Buffer.compare(bytes, written.bytes.subarray(at, at + bytes.length)) !== 0)
        this.#outcomes.defect(
          `${info.key} as ${String(info.contentType)}: wrong bytes between ${at} and ${at + bytes.length}`,
        )
      at += bytes.length
      await session.call(() => slice.release())
      if (at >= leaveAt) return await session.call(() => body.close())
    }
    if (at !== offset + length) this.#outcomes.defect(`a read of ${length} bytes of ${info.key} gave ${at - offset}`)
  }

  async #delete(session: Session, key: string): Promise<void> {
    const { history } = this.#parts
    const condition = this.#random.below(3) === 0 ? this.#condition(key) : undefined
    const conditional = condition === undefined ? {} : { condition }
    const invokedAt = history.now()
    const add = (effect: Effect, outcome: 'told' | 'unknown'): void =>
      history.add({ key, effect, invokedAt, text: `${this.#name} deletes` }, outcome)
    try {
      const info = await session.call(
        async (files) =>
          await files.remove({ bucket, key }, condition === undefined ? undefined : this.#toWrite(condition)),
      )
      add({ kind: 'delete', found: this.#tagOf(key, info), isTold: true, ...conditional }, 'told')
      this.#outcomes.count('delete')
    } catch (error) {
      if (condition !== undefined && errorCode(error) === 'precondition-failed')
        return add({ kind: 'refusal', condition }, 'told')
      if (this.#outcomes.failed(error, 'delete') !== 'no')
        add({ kind: 'delete', isTold: false, ...conditional }, 'unknown')
    }
  }

  /** Every key, whole; all that is there must be readable. */
  async readAll(session: Session): Promise<void> {
    const { history, world } = this.#parts
    for (let index = 0; index < world.keys; index++) {
      const key = keyOf(index)
      const invokedAt = history.now()
      try {
        const reader = await session.call(async (files) => await files.open({ bucket, key }))
        this.#sees({ key, invokedAt, seen: this.#tagOf(key, reader?.info), text: `${this.#name} opens` })
        if (reader === undefined) continue
        try {
          await this.#readRange(session, reader, { offset: 0, length: reader.info.sizeBytes })
        } finally {
          await session.call(() => reader.close())
        }
      } catch (error) {
        this.#outcomes.defect(`${key} cannot be read though nothing is broken any more: ${String(error)}`)
      }
    }
  }

  /** Goes through all pages; each says of every key in its range whether it is there. */
  async list(session: Session): Promise<void> {
    const { history, world } = this.#parts
    const limit = 1 + this.#random.below(world.keys + 1)
    const all = Array.from({ length: world.keys }, (_, index) => keyOf(index))
    let after: string | undefined
    try {
      for (let pages = 0; pages <= world.keys + 1; pages++) {
        const invokedAt = history.now()
        const from = after
        const request = { bucket, limit, ...(from === undefined ? {} : { after: from }) }
        const page = await session.call(async (files) => await files.list(request))
        const listed = new Map(page.files.map((file) => [file.key, file]))
        const last = page.files.at(-1)?.key
        const isIn = (key: string): boolean =>
          (from === undefined || key > from) && (!page.truncated || (last !== undefined && key <= last))
        for (const key of all) {
          if (!isIn(key)) continue
          this.#sees({ key, invokedAt, seen: this.#tagOf(key, listed.get(key)), text: `${this.#name} lists` })
        }
        for (const key of listed.keys()) {
          if (!all.includes(key) || !isIn(key)) this.#outcomes.defect(`a listing after ${String(from)} shows ${key}`)
        }
        if (!page.truncated) return this.#outcomes.count('list')
        after = last
      }
      this.#outcomes.defect('a listing has no end')
    } catch (error) {
      this.#outcomes.failed(error, 'list')
    }
  }

  #sees(read: {
    readonly key: string
    readonly invokedAt: number
    readonly seen: Tag | undefined
    readonly text: string
  }): void {
    const { seen, ...rest } = read
    this.#parts.history.add({ ...rest, effect: { kind: 'read', seen } }, 'told')
  }

  #tagOf(key: string, info: FileInfo | undefined): Tag | undefined {
    if (info === undefined) return undefined
    const tag = info.contentType ?? ''
    const written = this.#parts.history.written(tag)
    if (written?.key !== key || info.key !== key || info.sizeBytes !== written.bytes.length)
      this.#outcomes.defect(`${key} shows a version ${tag} of ${info.sizeBytes} bytes that nobody wrote`)
    this.#parts.versions.set(tag, info.version)
    return tag
  }

  #condition(key: string): Condition | undefined {
    if (!this.#parts.world.habits.has('conditions') || this.#random.below(2) === 0) return undefined
    if (this.#random.below(2) === 0) return { kind: 'if-absent' }
    const known = [...this.#parts.versions.keys()].filter((tag) => this.#parts.history.written(tag)?.key === key)
    const tag = known.at(-1)
    return tag === undefined ? undefined : { kind: 'if-version', tag }
  }

  #toWrite(condition: Condition): WriteCondition {
    if (condition.kind === 'if-absent') return condition
    const version = this.#parts.versions.get(condition.tag)
    return version === undefined ? { kind: 'if-absent' } : { kind: 'if-version', version }
  }
}

export function keyOf(index: number): string {
  return `${index % 3 === 0 ? 'a/' : ''}key-${index}`
}
