// The master keys of the cluster: one for SSE-S3, and any number of named ones for SSE-KMS, each in generations. They are made here,
// at random, and stored sealed under the cluster's secret; only this process's memory has them open.
//
// New data keys are wrapped under the newest generation; older ones stay, so that what they wrapped opens. Rotation adds a generation;
// to wrap what exists anew is `ObjectEncryption.rewrap`. Rows are read again when what was read is a second old, as access control
// does it, and at once where a key or generation is asked for that is not known; a disabled key so works a second at most.

import { FrostError } from '../../base/errors.ts'
import { fromHex, toHex } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Compute } from '../../ports/compute.ts'
import type { Random } from '../../ports/random.ts'
import type { Vault } from '../../ports/vault.ts'
import { encryptionKeysMax } from '../../meta/contract/encryption-key-metadata.ts'
import type {
  EncryptionKeyMutations,
  EncryptionKeyReads,
  EncryptionKeyRow,
} from '../../meta/contract/encryption-key-metadata.ts'
import { SecretBox } from '../auth/secret-box.ts'
import { dataKeyBytes } from './stream-format.ts'

export interface MasterKey {
  readonly id: string
  readonly generation: number
  readonly bytes: Uint8Array
}

/** What can be told of a master key. */
export interface KeyDescription {
  readonly id: string
  /** Absent: SSE-S3's, which requests cannot name. */
  readonly arn: string | undefined
  readonly aliases: readonly string[]
  readonly isEnabled: boolean
  readonly createdMs: number
  /** How many there are; new data keys are wrapped under the newest. */
  readonly generations: number
  /** When the newest was made. */
  readonly rotatedMs: number
}

export interface KeyRingPorts {
  readonly clock: Pick<Clock, 'monotonicMs' | 'wallMs'>
  readonly compute: Compute
  readonly random: Random
  readonly vault: Vault
  readonly metadata: EncryptionKeyReads & EncryptionKeyMutations
}

export interface KeyNames {
  /** Of ARNs. */
  readonly region: string
  /** 12 digits, of ARNs. */
  readonly account: string
}

/** The row of SSE-S3's master key; no named key can have this id. */
const s3KeyId = 'sse-s3'
/** SSE-KMS's default key. Its id is fixed, so that of processes which make it at once one wins. */
const defaultKeyId = 'aws-s3'
const defaultAlias = 'alias/aws/s3'
const maxAgeMs = SECOND_MS
const generationsMax = 1000
const attemptsMax = 10

export class KeyRing {
  readonly #ports: KeyRingPorts
  readonly #names: KeyNames
  readonly #box: SecretBox
  readonly #open = new Map<string, Uint8Array>()
  #rows: ReadonlyMap<string, EncryptionKeyRow> = new Map()
  #readAtMs = -Infinity
  #reading: Promise<void> | undefined

  /** `secret`: the cluster's. */
  constructor(ports: KeyRingPorts, secret: Uint8Array, names: KeyNames) {
    this.#ports = ports
    this.#names = names
    this.#box = new SecretBox(ports, secret)
  }

  /** The newest master key of SSE-S3, made where there is none yet. */
  async newestOfS3(): Promise<MasterKey> {
    const row = (await this.#find(s3KeyId)) ?? (await this.#make(s3KeyId, []))
    return this.#newest(row)
  }

  /** @throws FrostError `store-corrupt`: there is no such generation. */
  async ofS3(generation: number): Promise<MasterKey> {
    return await this.#generation(s3KeyId, generation)
  }

  /**
   * The key of SSE-KMS by its id, its alias or the ARN of either; `undefined`: the default key, made where there is none yet.
   * @throws FrostError `encryption-key-not-found`, `encryption-key-disabled`.
   */
  async newestOfKms(name: string | undefined): Promise<MasterKey> {
    const row = await this.#findNamed(name ?? defaultAlias)
    if (row !== undefined) return this.#newest(this.#enabled(row))
    if (name !== undefined && this.#localName(name) !== defaultAlias) throw this.#notFound(name)
    return this.#newest(await this.#make(defaultKeyId, [defaultAlias]))
  }

  /** @throws FrostError `encryption-key-not-found`, `encryption-key-disabled`, `store-corrupt`. */
  async ofKms(id: string, generation: number): Promise<MasterKey> {
    const row = await this.#find(id)
    if (row === undefined || id === s3KeyId) throw this.#notFound(id)
    this.#enabled(row)
    return await this.#generation(id, generation)
  }

  arnOf(id: string): string {
    const { region, account } = this.#names
    return `arn:aws:kms:${region}:${account}:key/${id}`
  }

  /** All there are, by their ids; SSE-S3's is `sse-s3`. Those that were never needed were not made yet. */
  async list(): Promise<readonly KeyDescription[]> {
    await this.#read()
    return [...this.#rows.values()]
      .toSorted((left, right) => (left.id < right.id ? -1 : 1))
      .map((row) => this.#describe(row))
  }

  /**
   * Makes a named key. Durable when it resolves.
   * @throws FrostError `bad-request`: the id or an alias is malformed, or there are 1,000 keys; `encryption-key-exists`.
   */
  async create(given: { readonly id?: string; readonly aliases?: readonly string[] }): Promise<KeyDescription> {
    const { id = this.#newId(), aliases = [] } = given
    if (!/^[A-Za-z0-9_-]{1,128}$/.test(id)) throw badRequest(`A key's id is 1 to 128 of A-Z a-z 0-9 _ -, not "${id}".`)
    for (const alias of aliases) {
      if (!/^alias\/[A-Za-z0-9/_-]{1,250}$/.test(alias)) throw badRequest(`An alias is alias/NAME, not "${alias}".`)
      if ((await this.#findNamed(alias)) !== undefined) throw taken(`The alias ${alias} is taken.`)
    }
    if (id === s3KeyId || id === defaultKeyId || (await this.#find(id)) !== undefined)
      throw taken(`The key id ${id} is taken.`)
    return this.#describe(await this.#make(id, aliases))
  }

  /** Adds a generation, under which everything new is wrapped; `sse-s3`: of SSE-S3. @throws FrostError
   * `encryption-key-not-found`; `bad-request`: it has 1,000 generations. */
  async rotate(id: string): Promise<KeyDescription> {
    if (id === s3KeyId) await this.newestOfS3()
    const row = await this.#change(id, (before) => {
      if (before.generations.length >= generationsMax)
        throw badRequest(`A key has at most ${generationsMax} generations.`)
      return {
        ...before,
        generations: [...before.generations, this.#makeGeneration(before.id, before.generations.length + 1)],
      }
    })
    return this.#describe(row)
  }

  /** What a disabled key wrapped can neither be read nor written until it is enabled again. @throws FrostError
   * `encryption-key-not-found`. */
  async setEnabled(id: string, isEnabled: boolean): Promise<KeyDescription> {
    if (id === s3KeyId) throw badRequest('The key of SSE-S3 cannot be disabled.')
    return this.#describe(await this.#change(id, (before) => ({ ...before, isEnabled })))
  }

  #describe({ id, aliases, isEnabled, createdMs, generations }: EncryptionKeyRow): KeyDescription {
    return {
      id,
      arn: id === s3KeyId ? undefined : this.arnOf(id),
      aliases,
      isEnabled,
      createdMs,
      generations: generations.length,
      rotatedMs: generations.at(-1)?.createdMs ?? createdMs,
    }
  }

  async #change(id: string, change: (row: EncryptionKeyRow) => EncryptionKeyRow): Promise<EncryptionKeyRow> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      await this.#read()
      const before = this.#rows.get(id)
      if (before === undefined) throw this.#notFound(id)
      const row = { ...change(before), revision: before.revision + 1 }
      if (await this.#put(row)) return row
    }
    throw new FrostError('overloaded', `The key ${id} is being changed by others.`)
  }

  /** Where another process made the same key meanwhile, its is taken. */
  async #make(id: string, aliases: readonly string[]): Promise<EncryptionKeyRow> {
    if (this.#rows.size >= encryptionKeysMax) throw badRequest(`There are at most ${encryptionKeysMax} keys.`)
    const createdMs = this.#ports.clock.wallMs()
    const generations = [this.#makeGeneration(id, 1)]
    const row: EncryptionKeyRow = { id, aliases, isEnabled: true, createdMs, revision: 1, generations }
    if (await this.#put(row)) return row
    await this.#read()
    const other = this.#rows.get(id)
    if (other !== undefined) return other
    throw new FrostError('overloaded', `The key ${id} is being changed by others.`)
  }

  #makeGeneration(id: string, number: number): EncryptionKeyRow['generations'][number] {
    const key = this.#ports.random.bytes(dataKeyBytes)
    return { number, createdMs: this.#ports.clock.wallMs(), sealed: this.#box.seal(toHex(key), contextOf(id, number)) }
  }

  /** `false`: another process was first. */
  async #put(row: EncryptionKeyRow): Promise<boolean> {
    try {
      await this.#ports.metadata.putEncryptionKey({ row })
    } catch (error) {
      if (error instanceof FrostError && error.code === 'precondition-failed') return false
      throw error
    }
    this.#rows = new Map(this.#rows).set(row.id, row)
    return true
  }

  async #find(id: string): Promise<EncryptionKeyRow | undefined> {
    await this.#refresh()
    if (!this.#rows.has(id)) await this.#read()
    return this.#rows.get(id)
  }

  async #findNamed(name: string): Promise<EncryptionKeyRow | undefined> {
    const local = this.#localName(name)
    if (local === undefined || local === s3KeyId) return undefined
    if (!local.startsWith('alias/')) return await this.#find(local)
    await this.#refresh()
    if (this.#byAlias(local) === undefined) await this.#read()
    return this.#byAlias(local)
  }

  #byAlias(alias: string): EncryptionKeyRow | undefined {
    // Two processes may have given one alias at once: the older key is everybody's.
    const named = [...this.#rows.values()].filter(({ aliases }) => aliases.includes(alias))
    return named.toSorted((left, right) => left.createdMs - right.createdMs || (left.id < right.id ? -1 : 1))[0]
  }

  /** An id or `alias/NAME`; `undefined`: the ARN of something else. */
  #localName(name: string): string | undefined {
    if (!name.startsWith('arn:')) return name
    const { region, account } = this.#names
    const start = `arn:aws:kms:${region}:${account}:`
    if (!name.startsWith(start)) return undefined
    const rest = name.slice(start.length)
    if (rest.startsWith('key/')) return rest.slice('key/'.length)
    return rest.startsWith('alias/') ? rest : undefined
  }

  #newest(row: EncryptionKeyRow): MasterKey {
    const generation = row.generations.at(-1)
    if (generation === undefined) throw new FrostError('store-corrupt', `The key ${row.id} has no generation.`)
    return this.#unseal(row, generation.number)
  }

  async #generation(id: string, number: number): Promise<MasterKey> {
    let row = await this.#find(id)
    if (row?.generations.every((generation) => generation.number !== number) === true) {
      await this.#read()
      row = this.#rows.get(id)
    }
    if (row === undefined) throw new FrostError('store-corrupt', `The master key ${id} is not there.`)
    return this.#unseal(row, number)
  }

  #unseal({ id, generations }: EncryptionKeyRow, number: number): MasterKey {
    const context = contextOf(id, number)
    const known = this.#open.get(context)
    if (known !== undefined) return { id, generation: number, bytes: known }
    const sealed = generations.find((generation) => generation.number === number)?.sealed
    const opened = sealed === undefined ? undefined : this.#box.tryOpen(sealed, context)
    if (opened === undefined) {
      throw new FrostError('store-corrupt', `Generation ${number} of the master key ${id} cannot be opened.`, {
        remedy: 'Start the master with the cluster secret under which it was sealed.',
      })
    }
    const bytes = fromHex(new TextDecoder().decode(opened))
    this.#open.set(context, bytes)
    return { id, generation: number, bytes }
  }

  #enabled(row: EncryptionKeyRow): EncryptionKeyRow {
    if (row.isEnabled) return row
    throw new FrostError('encryption-key-disabled', `${this.arnOf(row.id)} is disabled.`)
  }

  #notFound(name: string): FrostError {
    const shown = name.startsWith('arn:') || name.startsWith('alias/') ? name : this.arnOf(name)
    return new FrostError('encryption-key-not-found', `Key '${shown}' does not exist`)
  }

  async #refresh(): Promise<void> {
    if (this.#ports.clock.monotonicMs() - this.#readAtMs >= maxAgeMs) await this.#read()
  }

  /** One at a time; a caller gets what was read after it asked. */
  async #read(): Promise<void> {
    if (this.#reading !== undefined) await this.#reading
    this.#reading ??= this.#readRows().finally(() => {
      this.#reading = undefined
    })
    await this.#reading
  }

  async #readRows(): Promise<void> {
    const startedMs = this.#ports.clock.monotonicMs()
    const rows = await this.#ports.metadata.listEncryptionKeys()
    this.#rows = new Map(rows.map((row) => [row.id, row]))
    this.#readAtMs = startedMs
  }

  /** In the form of AWS's ids. */
  #newId(): string {
    const hex = toHex(this.#ports.random.bytes(16))
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }
}

/** No access key's id, the other thing that secrets are sealed for, has a blank. */
function contextOf(id: string, generation: number): string {
  return `master key ${id} ${generation}`
}

function badRequest(message: string): FrostError {
  return new FrostError('bad-request', message)
}

function taken(message: string): FrostError {
  return new FrostError('encryption-key-exists', message)
}
