// An upload whose bytes are encrypted on their way to the store (format: stream-format.ts). Whether a segment is the last one
// shows only when a byte after it arrives or the body ends, so up to one segment (64 KiB) is held back.
//
// Also adds up what the client sees, its length and CRC-32, which the store cannot know.

import { freeBytes } from '../../base/free-bytes.ts'
import type { ObjectUpload, Sealing } from '../../master/object-service.ts'
import type { Compute } from '../../ports/compute.ts'
import type { Random } from '../../ports/random.ts'
import type { Vault } from '../../ports/vault.ts'
import { saltBytes, segmentBytes, segmentNonce, streamKey } from './stream-format.ts'

export interface EncryptionPorts {
  readonly compute: Compute
  readonly random: Random
  readonly vault: Vault
}

export interface EncryptedStream {
  /** 32 bytes. */
  readonly dataKey: Uint8Array
  /** 0: the object is put at once. */
  readonly part: number
}

const noContext = new Uint8Array(0)
const noSalt = new Uint8Array(0)

export class EncryptingUpload<Result> implements ObjectUpload<Result> {
  readonly #ports: EncryptionPorts
  readonly #upload: ObjectUpload<Result>
  readonly #key: Uint8Array
  /** Stored before anything else; empty once it was handed on. */
  #salt: Uint8Array
  /** The bytes held back; made when the first ones are. */
  #held: Uint8Array | undefined
  #heldBytes = 0
  #segment = 0
  #sizeBytes = 0
  #crc32 = 0

  /** Takes over `upload`, which was opened for `storedSizeOfWhole` or `storedSizeOfPart` bytes where the length is known. */
  constructor(ports: EncryptionPorts, upload: ObjectUpload<Result>, { dataKey, part }: EncryptedStream) {
    this.#ports = ports
    this.#upload = upload
    this.#salt = part === 0 ? noSalt : ports.random.bytes(saltBytes)
    this.#key = streamKey(ports.compute, dataKey, part, this.#salt)
  }

  write(slice: Uint8Array): Promise<void> | undefined {
    this.#sizeBytes += slice.length
    this.#crc32 = this.#ports.compute.crc32(slice, this.#crc32)
    if (this.#heldBytes + slice.length > segmentBytes) return this.#encrypt(slice)
    this.#hold(slice)
    freeBytes(slice)
    return undefined
  }

  /** As `ObjectUpload.finish`; `sealing.logical` is filled in. */
  async finish(sealing: Sealing): Promise<Result> {
    await this.#seal(this.#held?.subarray(0, this.#heldBytes) ?? noSalt, true)
    this.#held = undefined
    return await this.#upload.finish({ ...sealing, logical: { sizeBytes: this.#sizeBytes, crc32: this.#crc32 } })
  }

  abort(reason: unknown): void {
    this.#held = undefined
    this.#upload.abort(reason)
  }

  /** Seals every segment after which there is a byte; what remains, at least one byte, is held back. */
  async #encrypt(slice: Uint8Array): Promise<void> {
    let at = 0
    if (this.#heldBytes > 0) {
      at = segmentBytes - this.#heldBytes
      this.#hold(slice.subarray(0, at))
      const held = this.#held ?? noSalt
      this.#heldBytes = 0
      await this.#seal(held, false)
    }
    for (; slice.length - at > segmentBytes; at += segmentBytes) {
      await this.#seal(slice.subarray(at, at + segmentBytes), false)
    }
    this.#hold(slice.subarray(at))
    freeBytes(slice)
  }

  /** The memory grows with what comes, so that a small object takes little. */
  #hold(bytes: Uint8Array): void {
    const needed = this.#heldBytes + bytes.length
    if (needed > (this.#held?.length ?? 0)) {
      const grown = new Uint8Array(Math.min(segmentBytes, Math.max(needed, 2 * (this.#held?.length ?? 0))))
      if (this.#held !== undefined) grown.set(this.#held.subarray(0, this.#heldBytes))
      this.#held = grown
    }
    this.#held?.set(bytes, this.#heldBytes)
    this.#heldBytes = needed
  }

  async #seal(plain: Uint8Array, isLast: boolean): Promise<void> {
    if (this.#salt.length > 0) {
      const salt = this.#salt
      this.#salt = noSalt
      await this.#upload.write(salt)
    }
    const nonce = segmentNonce(this.#segment++, isLast)
    const sealer = this.#ports.vault.createSealer({ key: this.#key, nonce, context: noContext })
    const sealed = plain.length === 0 ? undefined : sealer.update(plain)
    const tag = sealer.finish()
    if (sealed !== undefined) await this.#upload.write(sealed)
    await this.#upload.write(tag)
  }
}
