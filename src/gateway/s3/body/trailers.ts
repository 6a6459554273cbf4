// The lines after the last chunk of an `aws-chunked` body, up to an empty one. Where chunks are signed, the last line is the signature
// of those before it. A trailer may end with `\n` instead of `\r\n` (AWS signs it so, and its examples and some clients write it so,
// with an empty line after it).

import { S3Error } from '../s3-error.ts'
import type { ChunkChain } from '../signature/chunk-chain.ts'

/** Names in lower case. */
export type Trailers = ReadonlyMap<string, string>

const trailersMax = 8
const signatureName = 'x-amz-trailer-signature'
const trailerLine = /^([a-z0-9-]{1,128}):([\x20-\x7e]{0,512})$/

export class TrailerReader {
  readonly #chain: ChunkChain | undefined
  readonly #hasTrailer: boolean
  readonly #trailers = new Map<string, string>()
  #isSigned = false
  #emptyLines = 0

  constructor(options: { readonly chain?: ChunkChain | undefined; readonly hasTrailer: boolean }) {
    this.#chain = options.chain
    this.#hasTrailer = options.hasTrailer
  }

  /** Whether it was the last line. @throws S3Error `MalformedTrailerError`, `SignatureDoesNotMatch`. */
  onLine(line: string): boolean {
    const text = line.replace(/\r?\n$/, '')
    if (text === '') return this.#onEmptyLine()
    const match = trailerLine.exec(text)
    const name = (match?.[1] ?? '').toLowerCase()
    const value = (match?.[2] ?? '').trim()
    const isTooMuch = !this.#hasTrailer || this.#isSigned || this.#trailers.size >= trailersMax
    if (match === null || isTooMuch || this.#trailers.has(name)) throw new S3Error('MalformedTrailerError')
    if (name === signatureName) this.#checkSignature(value)
    else this.#trailers.set(name, value)
    return false
  }

  /** Call it after the last line. */
  end(): Trailers {
    return this.#trailers
  }

  #onEmptyLine(): boolean {
    const isSignatureMissing = this.#chain !== undefined && this.#hasTrailer && !this.#isSigned
    if (!isSignatureMissing) return true
    this.#emptyLines++
    if (this.#emptyLines > 1) throw new S3Error('MalformedTrailerError')
    return false
  }

  #checkSignature(signature: string): void {
    if (this.#chain === undefined || !/^[0-9a-f]{64}$/.test(signature)) throw new S3Error('MalformedTrailerError')
    let signed = ''
    for (const [name, value] of this.#trailers) signed += `${name}:${value}\n`
    this.#chain.checkTrailers(signed, signature)
    this.#isSigned = true
  }
}
