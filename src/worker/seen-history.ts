// The furthest that this worker has seen of metadata's history: what tells masters that their metadata went back in time, or was lost and
// begun anew, before they take this worker's data for orphans. So it outlives the metadata, and is never exchanged for a history that does
// not know it.
//
// A small file beside the adopted groups: JSON, with a check over it, since a flipped digit would be another history and stop the cluster.

import { errorCode, FrostError } from '../base/errors.ts'
import { crc32Short } from '../codec/crc32.ts'
import type { Disk } from '../ports/disk.ts'
import { JsonFields, encodeJson } from '../rpc/messages/json-fields.ts'
import { parseHistory } from '../rpc/messages/membership.ts'
import type { HistoryCount, ToldHistory } from '../rpc/messages/membership.ts'

const fileName = 'history'

/** What to store after a master told something; the same object: nothing new. */
export function laterHistory(stored: HistoryCount | undefined, told: ToldHistory): HistoryCount {
  const { history, counter, predecessors } = told
  if (stored === undefined) return { history, counter }
  if (stored.history === history) return counter > stored.counter ? { history, counter } : stored
  return predecessors.includes(stored.history) ? { history, counter } : stored
}

export class SeenHistory {
  readonly #disk: Disk
  #stored: HistoryCount | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** @throws FrostError `store-corrupt`, `disk-failed`. */
  async open(): Promise<void> {
    const bytes = await this.#disk.readSmall(fileName)
    if (bytes === undefined) return
    try {
      this.#stored = decode(bytes)
    } catch (cause) {
      throw new FrostError('store-corrupt', `The file "${fileName}" of the history of the metadata cannot be read.`, {
        cause,
        remedy: 'Remove it, if the metadata is neither lost nor restored from a backup: the worker learns it anew.',
      })
    }
  }

  /** What is durable. */
  get seen(): HistoryCount | undefined {
    return this.#stored
  }

  /**
   * Durable when it resolves, but for a higher counter of the same history on a full disk: the worker goes on with the lower one, which is
   * true too, and stores a higher one when it is told next. `undefined`: the master tells nothing.
   * @throws FrostError `disk-failed`; `insufficient-storage` where another history would have to be stored.
   */
  async remember(told: ToldHistory | undefined): Promise<void> {
    if (told === undefined) return
    const write = this.#writing.then(async () => {
      const later = laterHistory(this.#stored, told)
      if (later === this.#stored) return
      try {
        await this.#disk.writeSmall(fileName, encode(later))
      } catch (error) {
        if (errorCode(error) === 'insufficient-storage' && later.history === this.#stored?.history) return
        throw error
      }
      this.#stored = later
    })
    this.#writing = write.catch(() => undefined)
    await write
  }
}

function encode({ history, counter }: HistoryCount): Uint8Array<ArrayBuffer> {
  return encodeJson({ history, counter, check: checkOf(history, counter) })
}

function decode(bytes: Uint8Array): HistoryCount {
  const fields = JsonFields.decode('history', bytes)
  const history = fields.parsed('history', parseHistory)
  const counter = fields.count('counter')
  if (fields.count('check') !== checkOf(history, counter))
    throw new FrostError('store-corrupt', 'The check does not fit.')
  return { history, counter }
}

function checkOf(history: string, counter: number): number {
  const text = new TextEncoder().encode(`${history} ${counter}`)
  return crc32Short(text, 0, text.length)
}
