// What a test's clients know of their files: what each name holds, or what it may hold while the outcome of a request is not known.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'

import { seededSha256 } from './file-client.ts'
import type { FileClient } from './file-client.ts'

/** The bytes of a file, by the seed that they are made from. */
export interface Content {
  readonly seed: number
  readonly bytes: number
}

/** `undefined` is "not there". More than one while an outcome is not known. */
export type Candidates = readonly (Content | undefined)[]

export class FileManifest {
  readonly #files = new Map<string, Candidates>()
  /** Names with a change since it was last cleared. */
  readonly touched = new Set<string>()

  get names(): readonly string[] {
    return [...this.#files.keys()]
  }

  /** Of names whose content is known, how many bytes they hold together. */
  get knownBytes(): number {
    let sum = 0
    for (const candidates of this.#files.values()) if (candidates.length === 1) sum += candidates[0]?.bytes ?? 0
    return sum
  }

  of(name: string): Candidates {
    return this.#files.get(name) ?? [undefined]
  }

  isSettled(name: string): boolean {
    return this.of(name).length === 1
  }

  /** Before a request is sent: from now on both outcomes are possible. */
  begin(name: string, outcome: Content | undefined): void {
    this.touched.add(name)
    this.#files.set(name, [...this.of(name), outcome])
  }

  acknowledge(name: string, outcome: Content | undefined): void {
    this.#files.set(name, [outcome])
  }

  /**
   * Reads the names, `atOnce` at a time, and compares them with what they must or may hold, and with the listing. Seen once, an outcome is
   * settled: a later read must see the same. Nobody may change the files meanwhile.
   */
  async verify(client: FileClient, names: readonly string[] = this.names, atOnce = 4): Promise<void> {
    const listed = new Set(await client.names())
    const waiting = names.values()
    const work = async (): Promise<void> => {
      for (const name of waiting) {
        const digest = await readDigest(client, name)
        this.#settle(name, digest)
        assert.equal(listed.has(name), digest !== undefined, `${name} is listed exactly when it is there`)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    const known = new Set(this.names)
    const strange = [...listed].filter((name) => !known.has(name))
    assert.deepEqual(strange, [], 'nothing is listed that nobody has uploaded')
  }

  #settle(name: string, digest: string | undefined): void {
    const candidates = this.of(name)
    const seen = candidates.find((candidate) => digestOf(candidate) === digest)
    const isFound = digest === undefined ? candidates.includes(undefined) : seen !== undefined
    const expected = candidates.map((candidate) => digestOf(candidate) ?? 'nothing').join(' or ')
    assert.ok(isFound, `${name} holds ${digest ?? 'nothing'}, expected ${expected}`)
    this.#files.set(name, [seen])
  }
}

export function digestOf(content: Content | undefined): string | undefined {
  return content === undefined ? undefined : seededSha256(content.seed, content.bytes)
}

/** `undefined`: there is no such file. */
async function readDigest(client: FileClient, name: string): Promise<string | undefined> {
  const response = await client.download(name)
  if (response.status === 404) {
    await response.arrayBuffer()
    return undefined
  }
  if (response.status !== 200) throw new Error(`${name}: ${response.status} ${await response.text()}`)
  const hash = createHash('sha256')
  for await (const slice of response.body ?? []) hash.update(slice)
  return hash.digest('hex')
}
