// A client of the object service beside those of files, on the same keys: it copies, uploads in parts, and, where versions are kept,
// removes some that are no longer the newest. Whatever it makes the newest is a write like any other to the checkers.

import type { SeededRandom } from '../../src/base/random.ts'
import { splitBytes } from './body.ts'
import { drawBody } from './body.ts'
import type { ObjectInfo, ObjectService, ObjectUpload } from '../../src/master/object-service.ts'
import type { MultipartName, PartRow } from '../../src/meta/contract/multipart-metadata.ts'
import type { Tag } from '../history.ts'
import type { VirtualClock } from '../ports/clock.ts'
import { pick } from '../world.ts'
import type { ClientWorld } from './client.ts'
import { bucket, keyOf } from './client.ts'
import { Outcomes } from './outcomes.ts'
import { ConnectionLost, Session } from './session.ts'

type Request = 'copy' | 'multipart' | 'remove version'

/** Of a lost answer, asked again of any master. */
const completionsMax = 4

interface PlannedPart {
  readonly bytes: Uint8Array
  /** It is a range of this version instead of a body. */
  readonly from?: { readonly info: ObjectInfo; readonly offset: number }
}

export class ObjectClient {
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
    const { thinkMs, habits } = this.#parts.world
    const requests: Request[] = []
    if (habits.has('copies')) requests.push('copy', 'copy')
    if (habits.has('multiparts')) requests.push('multipart')
    if (habits.has('versions')) requests.push('remove version')
    while (!isOver()) {
      await this.#clock.sleep(this.#random.float() * 2 * thinkMs)
      const session = this.#session()
      if (session === undefined) continue
      const request = pick(this.#random, requests)
      try {
        await this.#request(session, request)
      } catch (error) {
        this.#outcomes.failed(error, request)
      }
    }
  }

  async #request(session: Session, request: Request): Promise<void> {
    switch (request) {
      case 'copy':
        return await this.#copy(session)
      case 'multipart':
        return await this.#multipart(session)
      case 'remove version':
        return await this.#removeVersion(session)
    }
  }

  #session(): Session | undefined {
    const node = pick(this.#random, this.#parts.cluster.masters)
    return node.isRunning && node.isServing ? new Session(this.#parts.cluster.time, node) : undefined
  }

  #key(): string {
    return keyOf(this.#random.below(this.#parts.world.keys))
  }

  /** Of any key, maybe the one that it is copied to; only its tags change then. */
  async #copy(session: Session): Promise<void> {
    const { history } = this.#parts
    const key = this.#key()
    const found = await this.#source(session)
    if (found === undefined) return
    const { info, bytes } = found
    const tag = history.newTag(key, bytes)
    const invokedAt = history.now()
    const add = this.#adder({ key, tag, invokedAt, text: `${this.#name} copies ${String(info.contentType)} to ${tag}` })
    try {
      const made = await session.ask(
        async (objects) =>
          await objects.copy({
            bucket,
            key,
            source: { bucket, key: info.key, version: info.version },
            properties: { contentType: tag },
            own: {},
          }),
      )
      this.#check(made, tag, bytes)
      add('told')
      this.#outcomes.count('copy')
    } catch (error) {
      if (this.#outcomes.failed(error, 'copy') !== 'no') add('unknown')
    }
  }

  /** A version that is there, and its bytes. */
  async #source(session: Session): Promise<{ readonly info: ObjectInfo; readonly bytes: Uint8Array } | undefined> {
    const key = this.#key()
    const info = await session.ask(async (objects) => await objects.find({ bucket, key }))
    if (info === undefined || info.isDeleteMarker) return undefined
    const bytes = this.#parts.history.written(info.contentType ?? '')?.bytes
    if (bytes?.length !== info.sizeBytes)
      this.#outcomes.defect(`${key} shows ${String(info.contentType)}, which nobody wrote`)
    return bytes === undefined ? undefined : { info, bytes }
  }

  async #multipart(session: Session): Promise<void> {
    const { history } = this.#parts
    const key = this.#key()
    const planned = await this.#plan(session)
    const bytes = new Uint8Array(Buffer.concat(planned.map((part) => part.bytes)))
    const tag = history.newTag(key, bytes)
    const row = await session.ask(
      async (objects) => await objects.createMultipart({ bucket, key, template: { contentType: tag } }),
    )
    const name = { bucket, key, upload: row.upload }
    const rows = new Map<number, PartRow>()
    const numbers = planned.map((_, index) => index)
    // In any order, some of them twice.
    for (const index of numbers.toSorted(() => this.#random.below(3) - 1)) {
      const part = planned[index]
      if (part === undefined) continue
      if (this.#random.below(8) === 0)
        await this.#sendPart(session, { ...name, number: index + 1 }, drawBody(this.#random, this.#parts.world))
      rows.set(index, await this.#part(session, { ...name, number: index + 1 }, part))
    }
    if (this.#random.below(6) === 0) return await this.#abort(session, name)
    if (this.#random.below(10) === 0) return this.#outcomes.count('multipart left alone')
    const parts = numbers.map((index) => ({ number: index + 1, id: rows.get(index)?.id ?? row.upload }))
    await this.#complete(session, { name, parts, tag, bytes })
  }

  async #plan(session: Session): Promise<readonly PlannedPart[]> {
    const { world } = this.#parts
    const planned: PlannedPart[] = []
    for (let count = 1 + this.#random.below(4); count > 0; count--) {
      const found = world.habits.has('copies') && this.#random.below(3) === 0 ? await this.#source(session) : undefined
      if (found === undefined || found.bytes.length === 0) {
        planned.push({ bytes: drawBody(this.#random, world) })
        continue
      }
      const offset = this.#random.below(found.bytes.length)
      const length = 1 + this.#random.below(found.bytes.length - offset)
      planned.push({ bytes: found.bytes.subarray(offset, offset + length), from: { info: found.info, offset } })
    }
    return planned
  }

  async #part(
    session: Session,
    at: MultipartName & { readonly number: number },
    { bytes, from }: PlannedPart,
  ): Promise<PartRow> {
    if (from === undefined) return await this.#sendPart(session, at, bytes)
    const { info, offset } = from
    const row = await session.ask(
      async (objects) =>
        await objects.copyPart({
          ...at,
          source: { bucket, key: info.key, version: info.version },
          range: { offset, length: bytes.length },
          sealing: {},
        }),
    )
    if (row.sizeBytes !== bytes.length)
      this.#outcomes.defect(`a part of ${bytes.length} bytes was stored as ${row.sizeBytes}`)
    return row
  }

  async #sendPart(
    session: Session,
    at: MultipartName & { readonly number: number },
    bytes: Uint8Array,
  ): Promise<PartRow> {
    let upload: ObjectUpload<PartRow> | undefined
    try {
      upload = await session.ask(async (objects) => await objects.putPart(at))
      const opened = upload
      for (const slice of splitBytes(bytes, 5000)) await session.ask(async () => await opened.write(slice))
      return await session.ask(async () => await opened.finish({}))
    } catch (error) {
      const opened = upload
      if (opened !== undefined && !(error instanceof ConnectionLost))
        await session.ask(() => opened.abort(error)).catch(() => undefined)
      throw error
    }
  }

  /** A lost answer is asked for again, and is the same. */
  async #complete(
    first: Session,
    made: {
      readonly name: MultipartName
      readonly parts: readonly { readonly number: number; readonly id: PartRow['id'] }[]
      readonly tag: Tag
      readonly bytes: Uint8Array
    },
  ): Promise<void> {
    const { name, parts, tag, bytes } = made
    const { history } = this.#parts
    const invokedAt = history.now()
    const add = this.#adder({
      key: name.key,
      tag,
      invokedAt,
      text: `${this.#name} completes ${tag} of ${parts.length} parts`,
    })
    let isUnknown = false
    let session: Session | undefined = first
    for (let attempt = 1; attempt <= completionsMax; attempt++) {
      try {
        const info = await session?.ask(async (objects) => await objects.complete({ ...name, parts, sealing: {} }))
        if (info !== undefined) {
          this.#check(info, tag, bytes)
          add('told')
          return this.#outcomes.count(isUnknown ? 'multipart, completed again' : 'multipart')
        }
      } catch (error) {
        if (this.#outcomes.failed(error, 'multipart') === 'no' && !isUnknown) return
        isUnknown = true
      }
      await this.#clock.sleep(this.#random.float() * 3000)
      session = this.#session()
    }
    if (isUnknown) add('unknown')
  }

  async #abort(session: Session, name: MultipartName): Promise<void> {
    await session.ask(async (objects) => await objects.abort(name))
    this.#outcomes.count('multipart aborted')
  }

  /** One that something newer was acknowledged above, so that it is not the newest any more. */
  async #removeVersion(session: Session): Promise<void> {
    const { history, versions } = this.#parts
    const tag = history.pickReplaced(this.#random)
    const key = tag === undefined ? undefined : history.written(tag)?.key
    const version = tag === undefined ? undefined : versions.get(tag)
    if (tag === undefined || key === undefined || version === undefined) return
    history.removed.set(tag, 'maybe')
    const gone = await session.ask(async (objects) => await objects.removeVersion({ bucket, key, version }))
    if (gone === undefined) this.#outcomes.defect(`the version ${tag} of ${key} was not there to be removed`)
    history.removed.set(tag, 'told')
    this.#outcomes.count('version removed')
  }

  #check(info: ObjectInfo, tag: Tag, bytes: Uint8Array): void {
    this.#parts.versions.set(tag, info.version)
    if (info.contentType !== tag || info.sizeBytes !== bytes.length)
      this.#outcomes.defect(`${tag} was stored as ${String(info.contentType)} of ${info.sizeBytes} bytes`)
  }

  #adder(of: {
    readonly key: string
    readonly tag: Tag
    readonly invokedAt: number
    readonly text: string
  }): (outcome: 'told' | 'unknown') => void {
    const { tag, ...rest } = of
    return (outcome) => this.#parts.history.add({ ...rest, effect: { kind: 'write', tag } }, outcome)
  }
}

/** Whatever was acknowledged and not removed is kept, whole, and nothing else. To be asked when nobody writes any more. */
export async function checkKeptVersions(parts: ClientWorld, objects: ObjectService): Promise<void> {
  const { history, defects, versions } = parts
  const listed = new Set<Tag>()
  let at: { readonly after?: string; readonly afterVersion?: ObjectInfo['version'] | 'null' } | undefined = {}
  while (at !== undefined) {
    const page = await objects.listVersions({ bucket, limit: 7, ...at })
    for (const { key, version, isMarker } of page.entries) {
      if (isMarker) continue
      const tag = await readVersion(parts, objects, { key, version })
      if (tag !== undefined) listed.add(tag)
    }
    at = page.next
  }
  for (const { effect, returnedAt } of history.operations) {
    if (effect.kind !== 'write' || returnedAt === Number.POSITIVE_INFINITY) continue
    const removal = history.removed.get(effect.tag)
    const isThere = listed.has(effect.tag)
    if (isThere && removal === 'told') defects.add(`the version ${effect.tag} was removed and is there`)
    if (!isThere && removal === undefined)
      defects.add(`the version ${effect.tag} (${String(versions.get(effect.tag))}) is not kept`)
  }
}

async function readVersion(
  { history, defects }: ClientWorld,
  objects: ObjectService,
  { key, version }: Pick<ObjectInfo, 'key' | 'version'>,
): Promise<Tag | undefined> {
  const reader = await objects.open({ bucket, key, version })
  const tag = reader?.info.contentType ?? ''
  const written = history.written(tag)
  if (reader === undefined || written?.key !== key) {
    defects.add(`a version ${version} of ${key} is listed that nobody wrote`)
    return undefined
  }
  try {
    const body = reader.read(0, reader.info.storedSizeBytes)
    let offset = 0
    for (let slice = await body.next(); slice !== undefined; slice = await body.next()) {
      const { bytes } = slice
      if (Buffer.compare(bytes, written.bytes.subarray(offset, offset + bytes.length)) !== 0)
        defects.add(`the kept version ${tag} of ${key} has wrong bytes at ${offset}`)
      offset += bytes.length
      slice.release()
    }
    if (offset !== written.bytes.length) defects.add(`the kept version ${tag} has ${offset} bytes`)
  } finally {
    reader.close()
  }
  return tag
}
