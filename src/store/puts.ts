// Puts, one after the other for each fragment, and after the drops of it that are under way: a put is neither answered by nor loses against
// what is being dropped (drops.ts).

import { FrostError, errorCode } from '../base/errors.ts'
import { fragmentName, largePayloadBytes, type RecordHeader } from '../codec/record.ts'
import type { Drops } from './drops.ts'
import { fragmentText } from './fragment-key.ts'
import type { FragmentLookup } from './fragment-lookup.ts'
import type { LogEntry } from './log-entry.ts'
import type { SpaceGuard } from './space-guard.ts'
import type { StoreParts } from './store-parts.ts'

export interface PutsPorts extends Pick<StoreParts, 'ledger' | 'logs' | 'reader'> {
  readonly lookup: FragmentLookup
  readonly drops: Drops
  readonly space: SpaceGuard
  /** Of each log; more is refused. */
  readonly queueBytesMax: number
}

export class Puts {
  readonly #ports: PutsPorts
  /** The last one under way of each fragment: another one waits for it, and so do drops. */
  readonly #underWay: Map<string, Promise<unknown>>
  #stored = 0
  #existing = 0

  constructor(ports: PutsPorts, underWay: Map<string, Promise<unknown>>) {
    this.#ports = ports
    this.#underWay = underWay
  }

  /** Since the start: those that stored something, and those whose record was there already. */
  get counts(): { readonly puts: number; readonly putsExisting: number } {
    return { puts: this.#stored, putsExisting: this.#existing }
  }

  /** Of a record that passed its checks. @throws FrostError as `FragmentStore.put`. */
  async put(header: RecordHeader, record: Uint8Array): Promise<'stored' | 'exists'> {
    const text = fragmentText(header)
    const last = this.#underWay.get(text)
    const drops = this.#ports.drops.underWay(text)
    const before = last === undefined ? drops : [last, ...drops]
    const put =
      before.length === 0
        ? this.#put(text, header, record)
        : Promise.allSettled(before).then(() => this.#put(text, header, record))
    this.#underWay.set(text, put)
    try {
      return await put
    } finally {
      if (this.#underWay.get(text) === put) this.#underWay.delete(text)
    }
  }

  async #put(text: string, header: RecordHeader, record: Uint8Array): Promise<'stored' | 'exists'> {
    const { ledger, logs, space, queueBytesMax } = this.#ports
    const isStored = ledger.table.get(text)?.state === 'good' && (await this.#isStored(header, record))
    // A tombstone of it that was refused, or never answered, could come back: what is written now has a higher sequence.
    if (isStored && !logs.small.hasUnprovedEnd) {
      this.#existing++
      return 'exists'
    }
    const log = header.payloadBytes >= largePayloadBytes ? logs.large : logs.small
    if (log.queueBytes + record.length > queueBytesMax) {
      throw new FrostError('overloaded', 'Too many fragments wait for the disk.', { retryAfterSeconds: 1 })
    }
    space.admit(record.length)
    const { group, dataId, block, column, headerCrc } = header
    const key = { group, dataId, block, column }
    const entry: LogEntry = { kind: 'record', key, offset: 0, bytes: record.length, headerCrc, sequence: 0 }
    try {
      await log.submit({ entry, record, isPut: true })
    } finally {
      space.settled(record.length)
    }
    this.#stored++
    return 'stored'
  }

  /** Whether an equal record is stored and sound. @throws FrostError `fragment-conflict`. */
  async #isStored(key: RecordHeader, record: Uint8Array): Promise<boolean> {
    const { lookup, reader } = this.#ports
    try {
      const stored = await lookup.read(key, (located) => reader.readWhole(located))
      const isEqual = Buffer.compare(stored.bytes, record) === 0
      stored.release()
      if (isEqual) return true
    } catch (error) {
      const code = errorCode(error)
      if (code === 'fragment-corrupt' || code === 'fragment-missing' || code === 'disk-failed') return false
      throw error
    }
    throw new FrostError('fragment-conflict', `A different ${fragmentName(key)} is stored already.`)
  }
}
