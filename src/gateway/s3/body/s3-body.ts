// The body of a request on its way into an upload: frames taken away, every byte counted and through its digests, then on to the upload.
// It is written to as an upload is (one call at a time, a promise means: wait), so that what pumps a body needs to know nothing of it.
//
// A slice longer than `turnBytes` is worked on in parts, one a turn of the event loop: digests hold it up for no more than some
// 100 µs at a time.

import type { Clock } from '../../../ports/clock.ts'
import type { Compute } from '../../../ports/compute.ts'
import type { ByteSink } from '../../http/body-pump.ts'
import { S3Error } from '../s3-error.ts'
import type { ChunkChain } from '../signature/chunk-chain.ts'
import { BodyChecks } from './body-checks.ts'
import type { BodyDigests, CheckOptions } from './body-checks.ts'
import type { BodyPlan } from './body-plan.ts'
import { ChunkedDecoder, wrongLength } from './chunked-decoder.ts'

export interface S3BodyParts {
  readonly compute: Pick<Compute, 'createDigest'>
  readonly clock: Pick<Clock, 'endOfTurn'>
  readonly sink: ByteSink
}

export interface S3BodyOptions extends CheckOptions {
  readonly plan: BodyPlan
  /** Of the request's signature; for bodies whose chunks are signed. */
  readonly chain?: ChunkChain | undefined
  /** More bytes than these are refused with `EntityTooLarge`, as soon as they come. */
  readonly sizeBytesMax?: number | undefined
}

const turnBytes = 64 * 1024

export class S3Body implements ByteSink {
  readonly #parts: S3BodyParts
  readonly #plan: BodyPlan
  readonly #sizeBytesMax: number
  readonly #checks: BodyChecks
  readonly #decoder: ChunkedDecoder | undefined
  #sizeBytes = 0

  constructor(parts: S3BodyParts, options: S3BodyOptions) {
    const { plan, chain } = options
    this.#parts = parts
    this.#plan = plan
    this.#sizeBytesMax = options.sizeBytesMax ?? Number.MAX_SAFE_INTEGER
    this.#checks = new BodyChecks(parts.compute, plan, options)
    if (plan.chunks !== undefined) {
      const { isSigned, hasTrailer } = plan.chunks
      if (isSigned && chain === undefined)
        throw new S3Error('InvalidRequest', 'Chunks can only be signed in a request that is signed itself.')
      this.#decoder = new ChunkedDecoder({
        chain: isSigned ? chain : undefined,
        hasTrailer,
        decodedBytes: plan.sizeBytes ?? 0,
      })
    }
  }

  /** Bytes of the object so far. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /**
   * Takes the next bytes of the body over, as they came from the socket.
   * @throws S3Error what is wrong with them; also by the promise, and then whatever the sink throws.
   */
  write(slice: Uint8Array): Promise<void> | undefined {
    if (slice.length > turnBytes) return this.#writeInTurns(slice)
    if (this.#decoder === undefined) return this.#pass(slice)
    const pieces = this.#decoder.decode(slice)
    for (let index = 0; index < pieces.length; index++) {
      const piece = pieces[index]
      const pending = piece === undefined ? undefined : this.#pass(piece)
      if (pending !== undefined)
        return index + 1 < pieces.length ? this.#passRest(pending, pieces.slice(index + 1)) : pending
    }
    return undefined
  }

  /**
   * When the body has ended well, and before the upload is finished.
   * @throws S3Error `IncompleteBody`, `BadDigest`, `XAmzContentSHA256Mismatch`, `MalformedTrailerError`, `InvalidRequest`.
   */
  finish(): BodyDigests {
    const trailers = this.#decoder?.end() ?? new Map<string, string>()
    const { sizeBytes } = this.#plan
    if (sizeBytes !== undefined && sizeBytes !== this.#sizeBytes) throw wrongLength(sizeBytes, this.#sizeBytes)
    return this.#checks.finish(trailers)
  }

  #pass(bytes: Uint8Array): Promise<void> | undefined {
    this.#sizeBytes += bytes.length
    if (this.#sizeBytes > this.#sizeBytesMax) {
      throw new S3Error('EntityTooLarge', undefined, {
        fields: { ProposedSize: String(this.#sizeBytes), MaxSizeAllowed: String(this.#sizeBytesMax) },
      })
    }
    // The sink may free the memory.
    this.#checks.update(bytes)
    return this.#parts.sink.write(bytes)
  }

  async #passRest(pending: Promise<void>, pieces: readonly Uint8Array[]): Promise<void> {
    await pending
    for (const piece of pieces) await this.#pass(piece)
  }

  async #writeInTurns(slice: Uint8Array): Promise<void> {
    for (let start = 0; start < slice.length; start += turnBytes) {
      if (start > 0) await this.#nextTurn()
      await this.write(slice.subarray(start, start + turnBytes))
    }
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.clock.endOfTurn(resolve)
    })
  }
}
