// Signatures of the chunks of an `aws-chunked` body: each covers the one before it, the first the request's own (the seed), so
// that chunks can be neither changed nor left out, repeated or put in another order. Sources: "Signature Calculations for the
// Authorization Header: Transferring Payload in Multiple Chunks" and "… Including Trailing Headers", Amazon S3 API Reference.

import { toHex } from '../../../base/ids.ts'
import type { SigningScope } from './credential-scope.ts'
import { signatureMismatch } from './signature-errors.ts'
import type { Compute, Digest, HmacKey } from '../../../ports/compute.ts'

export interface ChainStart {
  readonly key: HmacKey
  readonly accessKeyId: string
  readonly timestamp: string
  readonly scope: SigningScope
  /** The seed: that of the request. */
  readonly signature: string
}

const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export class ChunkChain {
  readonly #compute: Compute
  readonly #start: ChainStart
  #previous: string

  constructor(compute: Compute, start: ChainStart) {
    this.#compute = compute
    this.#start = start
    this.#previous = start.signature
  }

  /** A digest for the bytes of one chunk. */
  createHash(): Digest {
    return this.#compute.createDigest('sha256')
  }

  /** `hash`: of the chunk's bytes; `signature`: 64 hex digits. @throws S3Error `SignatureDoesNotMatch`. */
  checkChunk(hash: Uint8Array, signature: string): void {
    this.#check('AWS4-HMAC-SHA256-PAYLOAD', `${emptyHash}\n${toHex(hash)}`, signature)
  }

  /** `trailers`: each as `name:value\n`, in the order they came. @throws S3Error `SignatureDoesNotMatch`. */
  checkTrailers(trailers: string, signature: string): void {
    const digest = this.#compute.createDigest('sha256')
    digest.update(Buffer.from(trailers, 'latin1'))
    this.#check('AWS4-HMAC-SHA256-TRAILER', toHex(digest.digest()), signature)
  }

  #check(algorithm: string, hashes: string, signature: string): void {
    const { key, timestamp, scope, accessKeyId } = this.#start
    const text = `${algorithm}\n${timestamp}\n${scope.text}\n${this.#previous}\n${hashes}`
    if (!key.matches(text, signature)) throw signatureMismatch({ accessKeyId, stringToSign: text, signature })
    this.#previous = signature
  }
}
