// Clients that upload, read, overwrite and delete without end, each after its own names, so that there is one writer for each. What was
// acknowledged is in the manifest; an answer that is not the one right answer is kept as a failure, and wrong bytes as a corruption.

import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { defined } from '../../src/base/assert.ts'
import type { SeededRandom } from '../../src/base/random.ts'
import { FileClient, seededBytes } from './file-client.ts'
import { digestOf } from './file-manifest.ts'
import type { Content, FileManifest } from './file-manifest.ts'

export interface LoadOptions {
  /** Each request goes to any of them. */
  readonly urls: readonly string[]
  readonly random: SeededRandom
  readonly clients: number
  readonly namesPerClient: number
  readonly uploadBytes: (random: SeededRandom) => number
  /** Between two requests of a client. Default 0. */
  readonly pauseMs?: number
  /** Names begin with it. Default `client`. */
  readonly prefix?: string
  /**
   * A name with a change of unknown outcome is not used any more: the outcome may still come, after whatever comes next. For servers that
   * are stopped or cut off; one that was killed does nothing later. Default false.
   */
  readonly retires?: boolean
}

const afterFailureMs = 20
/** A server that is stopped answers nothing. */
const requestTimeoutMs = 30_000
const failuresKept = 1000

export class MixedLoad {
  readonly failures: string[] = []
  /** Answers with bytes that the file does not hold. */
  readonly corruptions: string[] = []
  /** Changes. */
  acknowledged = 0
  reads = 0
  readonly #manifest: FileManifest
  readonly #options: LoadOptions
  readonly #clients: readonly FileClient[]
  readonly #retired = new Set<string>()
  readonly #generations = new Map<string, number>()
  readonly #running: Promise<unknown>
  #isStopped = false

  /** Begins at once. */
  constructor(manifest: FileManifest, options: LoadOptions) {
    this.#manifest = manifest
    this.#options = options
    this.#clients = options.urls.map((url) => new FileClient(url))
    const running = Array.from({ length: options.clients }, async (_, index) => await this.#run(index))
    this.#running = Promise.all(running)
    this.#running.catch(() => undefined)
  }

  /** No further requests. Resolves when all that were under way have ended. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  async #run(index: number): Promise<void> {
    const { pauseMs = 0, namesPerClient, prefix = 'client' } = this.#options
    const random = this.#options.random.fork()
    while (!this.#isStopped) {
      const name = this.#nameOf(`${prefix}-${index}/${random.below(namesPerClient)}`)
      try {
        await this.#request(name, random)
      } catch (error) {
        this.#fail(`${name}: ${textOf(error)}`)
        await sleep(afterFailureMs)
      }
      if (this.#options.retires === true && !this.#manifest.isSettled(name)) this.#retired.add(name)
      if (pauseMs > 0) await sleep(random.below(2 * pauseMs))
    }
  }

  async #request(name: string, random: SeededRandom): Promise<void> {
    const client = defined(this.#clients[random.below(this.#clients.length)], 'client')
    const candidates = this.#manifest.of(name)
    const kind = random.below(20)
    if (kind < 9) return await this.#upload(client, name, random)
    if (kind < 12) return await this.#remove(client, name)
    const content = candidates.length === 1 ? candidates[0] : undefined
    if (content === undefined) return await this.#upload(client, name, random)
    return await (kind < 17 ? this.#read(client, name, content) : this.#readRange(client, { name, content, random }))
  }

  async #upload(client: FileClient, name: string, random: SeededRandom): Promise<void> {
    const content = { seed: random.uint32(), bytes: this.#options.uploadBytes(random) }
    this.#manifest.begin(name, content)
    const response = await client.upload(name, seededBytes(content.seed, content.bytes), '', timeout())
    const text = await response.text()
    if (response.status !== 201) return this.#fail(`upload of ${name}: ${response.status} ${text}`)
    this.#manifest.acknowledge(name, content)
    this.acknowledged++
  }

  async #remove(client: FileClient, name: string): Promise<void> {
    const isThere = this.#manifest.of(name)
    this.#manifest.begin(name, undefined)
    const response = await client.remove(name, timeout())
    const text = await response.text()
    const mayBe = response.status === 200 || (response.status === 404 && isThere.includes(undefined))
    if (response.status === 404 && !mayBe) this.corruptions.push(`${name} was acknowledged and is not there: ${text}`)
    if (!mayBe) return this.#fail(`delete of ${name}: ${response.status} ${text}`)
    this.#manifest.acknowledge(name, undefined)
    this.acknowledged++
  }

  async #read(client: FileClient, name: string, content: Content): Promise<void> {
    const response = await client.download(name, {}, timeout())
    if (response.status !== 200) return await this.#failRead(name, response)
    const hash = createHash('sha256')
    for await (const slice of response.body ?? []) hash.update(slice)
    if (hash.digest('hex') !== digestOf(content)) this.corruptions.push(`${name} has wrong bytes`)
    this.reads++
  }

  async #readRange(
    client: FileClient,
    { name, content, random }: { readonly name: string; readonly content: Content; readonly random: SeededRandom },
  ): Promise<void> {
    if (content.bytes === 0) return
    const start = random.below(content.bytes)
    const end = Math.min(content.bytes, start + 1 + random.below(100_000))
    const response = await client.download(name, { range: `bytes=${start}-${end - 1}` }, timeout())
    if (response.status !== 206) return await this.#failRead(name, response)
    const bytes = new Uint8Array(await response.arrayBuffer())
    const expected = seededBytes(content.seed, content.bytes).subarray(start, end)
    if (Buffer.compare(bytes, expected) !== 0) this.corruptions.push(`${name} has wrong bytes in ${start} to ${end}`)
    this.reads++
  }

  async #failRead(name: string, response: Response): Promise<void> {
    const text = await response.text()
    if (response.status === 404) this.corruptions.push(`${name} was acknowledged and is not there: ${text}`)
    this.#fail(`read of ${name}: ${response.status} ${text}`)
  }

  #fail(what: string): void {
    if (this.failures.length < failuresKept) this.failures.push(what)
  }

  /** The name in use in place of one that was retired. */
  #nameOf(name: string): string {
    let generation = this.#generations.get(name) ?? 0
    while (this.#retired.has(generationOf(name, generation))) generation++
    this.#generations.set(name, generation)
    return generationOf(name, generation)
  }
}

function generationOf(name: string, generation: number): string {
  return generation === 0 ? name : `${name}.${generation}`
}

/** What fetch throws has the reason as its cause. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

function timeout(): AbortSignal {
  return AbortSignal.timeout(requestTimeoutMs)
}
