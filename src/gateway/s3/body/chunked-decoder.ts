// Takes the frames of an `aws-chunked` body away as its slices come from the socket, cut anywhere:
//
//     10000;chunk-signature=ad80…\r\n  65,536 bytes  \r\n  …  0;chunk-signature=b6c6…\r\n
//     x-amz-checksum-crc32c:sOO8/Q==\r\n  x-amz-trailer-signature:d81f…\r\n  \r\n
//
// (the unsigned kind has no signatures). What comes out are views of the slices, so nothing is copied but pieces too small to be worth
// a view, which are moved together within their slice. Where chunks are signed, each is checked at its end, and the trailers at theirs:
// the bytes are out by then, so nothing may be committed before `end` has returned.
//
// Bounded: the length of a chunk's head, the number and length of trailers; a chunk longer than what is left of the announced length
// is refused at its head. Sources: as chunk-chain.ts.

import type { Digest } from '../../../ports/compute.ts'
import { S3Error } from '../s3-error.ts'
import type { ChunkChain } from '../signature/chunk-chain.ts'
import { TrailerReader } from './trailers.ts'
import type { Trailers } from './trailers.ts'

export interface ChunkedOptions {
  /** Absent: the chunks are not signed. */
  readonly chain?: ChunkChain | undefined
  /** Whether trailers may follow the last chunk. */
  readonly hasTrailer: boolean
  /** What x-amz-decoded-content-length says: bytes of all chunks. */
  readonly decodedBytes: number
}

type State = 'head' | 'data' | 'data-end' | 'trailers' | 'end'

/** Of chunks but the last, where they are signed. */
const chunkBytesMin = 8 * 1024
const headBytesMax = 1024
/** A piece up to this length is moved to the end of the one before it. */
const movedBytesMax = 1024
/** Line ends after the end, which some clients send. */
const restBytesMax = 4

const carriageReturn = 13
const lineFeed = 10
const signedHead = /^([0-9a-fA-F]{1,16});chunk-signature=([0-9a-f]{64})$/
const unsignedHead = /^([0-9a-fA-F]{1,16})$/

export class ChunkedDecoder {
  readonly #options: ChunkedOptions
  readonly #trailers: TrailerReader
  #state: State = 'head'
  /** Of a line that is not over yet. */
  #line = ''
  /** Of the chunk. */
  #leftBytes = 0
  #chunkBytes = 0
  #chunks = 0
  #decodedBytes = 0
  #signature = ''
  #hash: Digest | undefined
  #restBytes = 0

  constructor(options: ChunkedOptions) {
    this.#options = options
    this.#trailers = new TrailerReader(options)
  }

  /**
   * The bytes of the chunks within the slice, in views of it; its memory may be rearranged. After an error nothing is given to it any more.
   * @throws S3Error `IncompleteBody`, `InvalidChunkSizeError`, `SignatureDoesNotMatch`, `MalformedTrailerError`.
   */
  decode(slice: Uint8Array): readonly Uint8Array[] {
    const pieces: Piece[] = []
    let at = 0
    while (at < slice.length) {
      if (this.#state === 'data') {
        const end = Math.min(slice.length, at + this.#leftBytes)
        this.#take(slice.subarray(at, end))
        addPiece(pieces, slice, { start: at, end })
        at = end
      } else {
        at = this.#readLine(slice, at)
      }
    }
    return pieces.map(({ start, end }) => slice.subarray(start, end))
  }

  /** Call it when the body has ended. @throws S3Error as `decode`. */
  end(): Trailers {
    if (this.#state !== 'end') throw new S3Error('IncompleteBody')
    return this.#trailers.end()
  }

  #take(bytes: Uint8Array): void {
    this.#hash?.update(bytes)
    this.#decodedBytes += bytes.length
    this.#leftBytes -= bytes.length
    if (this.#leftBytes > 0) return
    this.#checkChunk()
    this.#state = 'data-end'
  }

  /** Reads on to the end of the line, or of the slice; returns where it stopped. */
  #readLine(slice: Uint8Array, at: number): number {
    if (this.#state === 'end') return this.#readRest(slice, at)
    const found = slice.indexOf(lineFeed, at)
    const end = found < 0 ? slice.length : found + 1
    if (this.#line.length + end - at > headBytesMax) throw malformed('a line is too long')
    this.#line += latin1(slice.subarray(at, end))
    if (found < 0) return end
    const line = this.#line
    this.#line = ''
    this.#onLine(line)
    return end
  }

  #onLine(line: string): void {
    switch (this.#state) {
      case 'head':
        if (!line.endsWith('\r\n')) throw malformed('a chunk’s head has no line end')
        this.#onHead(line.slice(0, -2))
        return
      case 'data-end':
        if (line !== '\r\n') throw malformed('a chunk is not followed by a line end')
        this.#state = 'head'
        return
      default:
        if (this.#trailers.onLine(line)) this.#state = 'end'
    }
  }

  #onHead(head: string): void {
    const { chain, decodedBytes } = this.#options
    const match = (chain === undefined ? unsignedHead : signedHead).exec(head)
    if (match === null) throw malformed('a chunk’s head is malformed')
    const [, digits = '', signature = ''] = match
    const size = Number.parseInt(digits, 16)
    if (size > 0 && chain !== undefined && this.#chunks > 0 && this.#chunkBytes < chunkBytesMin) {
      throw new S3Error('InvalidChunkSizeError', undefined, {
        fields: { Chunk: String(this.#chunks), BadChunkSize: String(this.#chunkBytes) },
      })
    }
    if (this.#decodedBytes + size > decodedBytes) throw wrongLength(decodedBytes, this.#decodedBytes + size)
    this.#chunks++
    this.#chunkBytes = size
    this.#leftBytes = size
    this.#signature = signature
    this.#hash = chain?.createHash()
    this.#state = 'data'
    if (size > 0) return
    this.#checkChunk()
    if (this.#decodedBytes !== decodedBytes) throw wrongLength(decodedBytes, this.#decodedBytes)
    this.#state = 'trailers'
  }

  #checkChunk(): void {
    const { chain } = this.#options
    if (chain !== undefined && this.#hash !== undefined) chain.checkChunk(this.#hash.digest(), this.#signature)
    this.#hash = undefined
  }

  #readRest(slice: Uint8Array, at: number): number {
    const rest = slice.subarray(at)
    this.#restBytes += rest.length
    const isBlank = rest.every((byte) => byte === carriageReturn || byte === lineFeed)
    if (!isBlank || this.#restBytes > restBytesMax) throw malformed('bytes follow its end')
    return slice.length
  }
}

interface Piece {
  readonly start: number
  end: number
}

function addPiece(pieces: Piece[], slice: Uint8Array, piece: Piece): void {
  const last = pieces.at(-1)
  const length = piece.end - piece.start
  if (last === undefined || length > movedBytesMax) {
    pieces.push(piece)
    return
  }
  slice.copyWithin(last.end, piece.start, piece.end)
  last.end += length
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

function malformed(what: string): S3Error {
  return new S3Error('IncompleteBody', `The aws-chunked body is malformed: ${what}.`)
}

export function wrongLength(expectedBytes: number, providedBytes: number): S3Error {
  return new S3Error(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
    { fields: { NumberBytesExpected: String(expectedBytes), NumberBytesProvided: String(providedBytes) } },
  )
}
