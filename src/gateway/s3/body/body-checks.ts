// The digests of a body, computed as its slices pass, each once whoever asks for it, and what they must be in the end. MD5 is always
// among them where `etag` is asked for: it is the ETag. They are checked before the upload is finished.

import { toHex } from '../../../base/ids.ts'
import type { Compute, Digest, DigestAlgorithm } from '../../../ports/compute.ts'
import { formatBase64, parseBase64 } from '../../http/base64.ts'
import { checksumKind } from '../checksums.ts'
import type { ChecksumAlgorithm } from '../checksums.ts'
import { S3Error } from '../s3-error.ts'
import type { BodyPlan } from './body-plan.ts'
import { trailerOf } from './body-plan.ts'
import type { Trailers } from './trailers.ts'

export interface CheckOptions {
  /** Whether the MD5 of the bytes is wanted, whatever the client says. */
  readonly etag: boolean
  /** Algorithms whose values are wanted besides the client's. */
  readonly algorithms?: readonly ChecksumAlgorithm[]
}

export interface BodyDigests {
  /** Hex digits; `undefined` where nobody asked for it. */
  readonly md5: string | undefined
  /** The client's and those that were wanted. */
  readonly checksums: ReadonlyMap<ChecksumAlgorithm, Uint8Array>
}

export class BodyChecks {
  readonly #plan: BodyPlan
  readonly #digests = new Map<DigestAlgorithm, Digest>()
  readonly #list: readonly Digest[]
  readonly #wanted: ReadonlySet<ChecksumAlgorithm>

  constructor(compute: Pick<Compute, 'createDigest'>, plan: BodyPlan, options: CheckOptions) {
    this.#plan = plan
    this.#wanted = new Set([
      ...(plan.checksum === undefined ? [] : [plan.checksum.algorithm]),
      ...(options.algorithms ?? []),
    ])
    const needed = new Set<DigestAlgorithm>(this.#wanted)
    if (options.etag || plan.contentMd5 !== undefined) needed.add('md5')
    if (plan.sha256 !== undefined) needed.add('sha256')
    for (const algorithm of needed) this.#digests.set(algorithm, compute.createDigest(algorithm))
    this.#list = [...this.#digests.values()]
  }

  /** In place and at once; `bytes` are not kept. */
  update(bytes: Uint8Array): void {
    for (const digest of this.#list) digest.update(bytes)
  }

  /**
   * Once, when the body has ended.
   * @throws S3Error `BadDigest`, `XAmzContentSHA256Mismatch`, `MalformedTrailerError`, `InvalidRequest`.
   */
  finish(trailers: Trailers): BodyDigests {
    const values = new Map<DigestAlgorithm, Uint8Array>()
    for (const [algorithm, digest] of this.#digests) values.set(algorithm, digest.digest())
    this.#checkSha256(values.get('sha256'))
    this.#checkMd5(values.get('md5'))
    this.#checkChecksum(values, trailers)
    const md5 = values.get('md5')
    const checksums = new Map<ChecksumAlgorithm, Uint8Array>()
    for (const algorithm of this.#wanted) {
      const value = values.get(algorithm)
      if (value !== undefined) checksums.set(algorithm, value)
    }
    return { md5: md5 === undefined ? undefined : toHex(md5), checksums }
  }

  #checkSha256(computed: Uint8Array | undefined): void {
    const { sha256 } = this.#plan
    if (sha256 === undefined || computed === undefined || isEqual(sha256, computed)) return
    throw new S3Error('XAmzContentSHA256Mismatch', undefined, {
      fields: { ClientComputedContentSHA256: toHex(sha256), S3ComputedContentSHA256: toHex(computed) },
    })
  }

  #checkMd5(computed: Uint8Array | undefined): void {
    const { contentMd5 } = this.#plan
    if (contentMd5 === undefined || computed === undefined || isEqual(contentMd5, computed)) return
    throw new S3Error('BadDigest', undefined, {
      fields: { ExpectedDigest: formatBase64(contentMd5), CalculatedDigest: formatBase64(computed) },
    })
  }

  #checkChecksum(values: ReadonlyMap<DigestAlgorithm, Uint8Array>, trailers: Trailers): void {
    const { checksum } = this.#plan
    const expectedTrailer = checksum?.value === undefined && checksum !== undefined ? trailerOf(checksum) : undefined
    for (const name of trailers.keys()) if (name !== expectedTrailer) throw new S3Error('MalformedTrailerError')
    if (checksum === undefined) return
    const { algorithm } = checksum
    const expected = checksum.value ?? parseTrailer(algorithm, trailers)
    const computed = values.get(algorithm)
    if (computed !== undefined && isEqual(expected, computed)) return
    throw new S3Error(
      'BadDigest',
      `The ${checksumKind(algorithm).name} you specified did not match the calculated checksum.`,
    )
  }
}

function parseTrailer(algorithm: ChecksumAlgorithm, trailers: Trailers): Uint8Array {
  const { header, lengthBytes } = checksumKind(algorithm)
  const text = trailers.get(header)
  if (text === undefined) throw new S3Error('MalformedTrailerError')
  const value = parseBase64(text)
  if (value?.length === lengthBytes) return value
  throw new S3Error('InvalidRequest', `Value for ${header} trailing header is invalid.`)
}

/** Digests of what the client sent itself are no secret. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
