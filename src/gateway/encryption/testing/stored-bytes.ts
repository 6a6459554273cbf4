// Stored bytes in memory, written and read as a master does it: in slices, each of which must be given back.

import assert from 'node:assert/strict'

import type { BodySlice, FileBody } from '../../../master/file-service.ts'
import type { ObjectUpload, Sealing } from '../../../master/object-service.ts'
import type { StoredReader } from '../decrypting-reader.ts'

export class MemoryUpload implements ObjectUpload<Sealing> {
  readonly #slices: Uint8Array[] = []
  aborted: unknown

  write(slice: Uint8Array): Promise<void> | undefined {
    this.#slices.push(slice.slice())
    return this.#slices.length % 2 === 0 ? undefined : Promise.resolve()
  }

  finish(sealing: Sealing): Promise<Sealing> {
    return Promise.resolve(sealing)
  }

  abort(reason: unknown): void {
    this.aborted = reason
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#slices))
  }
}

export class StoredBytes implements StoredReader {
  readonly #bytes: Uint8Array
  readonly #sliceBytes: number
  bytesRead = 0
  /** Slices that were handed out and not released. */
  held = 0
  bodiesOpen = 0

  constructor(bytes: Uint8Array, sliceBytes: number) {
    this.#bytes = new Uint8Array(bytes)
    this.#sliceBytes = sliceBytes
  }

  read(offset: number, length: number): FileBody {
    this.bodiesOpen += 1
    let [at, isOpen] = [offset, true]
    const end = offset + length
    return {
      next: async (): Promise<BodySlice | undefined> => {
        await Promise.resolve()
        if (at >= Math.min(end, this.#bytes.length)) return undefined
        const bytes = this.#bytes.slice(at, Math.min(at + this.#sliceBytes, end))
        at += bytes.length
        this.bytesRead += bytes.length
        this.held += 1
        return { bytes, release: () => this.#release(bytes) }
      },
      close: () => {
        if (isOpen) this.bodiesOpen -= 1
        isOpen = false
      },
    }
  }

  close(): void {
    // Nothing is held but by slices.
  }

  #release(bytes: Uint8Array): void {
    bytes.fill(0xee)
    this.held -= 1
    assert.ok(this.held >= 0, 'a slice is released once')
  }
}

export async function readAll(body: FileBody): Promise<Uint8Array> {
  const slices: Uint8Array[] = []
  for (let slice = await body.next(); slice !== undefined; slice = await body.next()) {
    assert.ok(slice.bytes.length > 0)
    slices.push(slice.bytes.slice())
    slice.release()
  }
  body.close()
  return new Uint8Array(Buffer.concat(slices))
}
