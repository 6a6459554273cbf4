// Finds out who signed a request, and whether the request is what he signed: Signature Version 4 in the header or the query,
// Version 2 where it is asked for. It works on the raw request, before anything of it is decoded or routed.
//
// - Every x-amz-* header that came must be among the signed ones, and so must the host.
// - Where signatures differ, what a proxy may have changed is tried: another host, a path in the client's own encoding.
// - Signatures are compared in constant time. What the request is refused for is told only as AWS tells it.

import { errorCode } from '../../../base/errors.ts'
import { S3Error } from '../s3-error.ts'
import {
  canonicalQuery,
  canonicalRequest,
  signatureParameter,
  signingAlgorithm,
  stringToSign,
} from './canonical-request.ts'
import type { WireRequest } from './canonical-request.ts'
import { ChunkChain } from './chunk-chain.ts'
import { claimOfHeader, parseAuthorization, splitAuthorization } from './header-signature.ts'
import type { ClaimContext, SignatureClaim } from './header-signature.ts'
import { KnownAuthorizations } from './known-authorizations.ts'
import { parsePayload } from './payload.ts'
import type { Payload } from './payload.ts'
import { canonicalPath } from './percent-encoding.ts'
import { parseQuerySignature, readQuery } from './query-signature.ts'
import type { QueryParameters } from './query-signature.ts'
import type { Compute, HmacKey } from '../../../ports/compute.ts'
import { headersNotSigned, invalidArgument, signatureMismatch, unknownAccessKey } from './signature-errors.ts'
import type { SignaturePlace } from './signature-errors.ts'
import { SigningKeys } from './signing-keys.ts'
import { checkV2, isV2Query, parseV2Header, parseV2Query } from './signature-v2.ts'
import type { V2Claim } from './signature-v2.ts'
import { collectHeaders } from './wire-headers.ts'
import type { WireHeaders } from './wire-headers.ts'

/** What checking a signature needs to know of who signed. */
export interface SecretHolder {
  /** The secret access key, as UTF-8. */
  readonly secret: Uint8Array
}

/**
 * Finds the holder of an access key; `sessionToken`: of temporary credentials, and part of what was signed. `undefined`, or a
 * FrostError `credentials-invalid`: there is none, or it may not be used. An S3Error (`InvalidToken`, `ExpiredToken`) is passed on.
 */
export type FindSigner<Signer extends SecretHolder> = (
  accessKeyId: string,
  sessionToken: string | undefined,
) => Promise<Signer | undefined>

export interface VerifyOptions<Signer extends SecretHolder> {
  /** The wall clock. */
  readonly nowMs: number
  readonly findSigner: FindSigner<Signer>
  /** Which service the request is for; `s3` unless given. */
  readonly service?: string
  /** Hex digits: the SHA-256 of the body, for services whose requests do not tell it (sts, iam). */
  readonly bodySha256?: string
  /** Of a virtual-hosted-style request; part of what Version 2 signs. */
  readonly hostBucket?: string
}

export interface VerifiedSignature<Signer extends SecretHolder> {
  readonly signer: Signer
  readonly accessKeyId: string
  readonly sessionToken: string | undefined
  readonly place: SignaturePlace
  readonly version: 'v2' | 'v4'
  /** When it was signed; `undefined` for a URL of Version 2, which has its end only. */
  readonly signedMs: number | undefined
  /** How the body must be read and checked. */
  readonly payload: Payload
  /** Checks the chunks of the body where they are signed. */
  readonly chunks: ChunkChain | undefined
}

export interface SignatureOptions {
  readonly region: string
  /** Whether Signature Version 2 is taken too. */
  readonly acceptsV2: boolean
}

/** Of `WireRequest.otherHosts`: eight endpoints, as many hosts below them, and what a proxy was asked for. */
const otherHostsMax = 17

export class SignatureVerifier {
  readonly options: SignatureOptions
  readonly compute: Compute
  readonly keys: SigningKeys
  readonly #authorizations = new KnownAuthorizations()

  constructor(compute: Compute, options: SignatureOptions) {
    this.compute = compute
    this.options = options
    this.keys = new SigningKeys(compute)
  }

  /**
   * `undefined`: the request shows no signature at all.
   * @throws S3Error as AWS for each thing that can be wrong with one; whatever else `findSigner` throws.
   */
  async verify<Signer extends SecretHolder>(
    request: WireRequest,
    options: VerifyOptions<Signer>,
  ): Promise<VerifiedSignature<Signer> | undefined> {
    const headers = collectHeaders(request.rawHeaders)
    const authorization = headers.get('authorization')
    const parameters = request.query.includes('Signature') ? readQuery(request.query) : undefined
    const isPresigned = parameters !== undefined && (parameters.has('X-Amz-Signature') || isV2Query(parameters))
    if (authorization !== undefined) {
      if (isPresigned) throw twoMechanisms()
      return await this.#verifyHeader(authorization, { request, headers, options })
    }
    if (!isPresigned) {
      if (/(?:^|&)X-Amz-(?:Algorithm|Credential)=/.test(request.query))
        parseQuerySignature(readQuery(request.query), headers, this.#context(options))
      return undefined
    }
    if (isV2Query(parameters)) {
      if (parameters.has('X-Amz-Signature')) throw twoMechanisms()
      this.#checkV2()
      const claim = parseV2Query(parameters, options.nowMs)
      return await this.#checkV2Claim(claim, { request, headers, options })
    }
    return await this.#verifyQuery(parameters, { request, headers, options })
  }

  async #verifyHeader<Signer extends SecretHolder>(
    authorization: string,
    received: Received<Signer>,
  ): Promise<VerifiedSignature<Signer>> {
    const { headers, options } = received
    const context = this.#context(options)
    const known = this.#authorizations.find(authorization, context.service)
    if (known !== undefined) return await this.#checkClaim(claimOfHeader(known, headers, context), received)
    const { scheme, rest } = splitAuthorization(authorization)
    if (scheme === 'AWS') {
      this.#checkV2()
      return await this.#checkV2Claim(parseV2Header(rest, headers, options.nowMs), received)
    }
    if (scheme === 'AWS4-ECDSA-P256-SHA256') {
      throw new S3Error(
        'NotImplemented',
        `Signatures of ${scheme} (V4A) are not implemented here: sign with ${signingAlgorithm}.`,
      )
    }
    // The value is not repeated: it may be the password of another scheme.
    if (scheme !== signingAlgorithm) throw invalidArgument('Authorization', undefined, 'Unsupported Authorization Type')
    const parsed = parseAuthorization(rest, context)
    this.#authorizations.keep(authorization, parsed)
    return await this.#checkClaim(claimOfHeader(parsed, headers, context), received)
  }

  async #verifyQuery<Signer extends SecretHolder>(
    parameters: QueryParameters,
    received: Received<Signer>,
  ): Promise<VerifiedSignature<Signer>> {
    const claim = parseQuerySignature(parameters, received.headers, this.#context(received.options))
    return await this.#checkClaim(claim, received)
  }

  #context({ nowMs, service, bodySha256 }: VerifyOptions<SecretHolder>): ClaimContext {
    return { region: this.options.region, service: service ?? 's3', nowMs, bodySha256 }
  }

  #checkV2(): void {
    if (this.options.acceptsV2) return
    throw new S3Error(
      'InvalidRequest',
      `The authorization mechanism you have provided is not supported. Please use ${signingAlgorithm}.`,
    )
  }

  async #checkClaim<Signer extends SecretHolder>(
    claim: SignatureClaim,
    { request, headers, options }: Received<Signer>,
  ): Promise<VerifiedSignature<Signer>> {
    checkSignedHeaders(claim.signedHeaders, headers)
    const payload = parsePayload(claim.payloadHash)
    const signer = await findSigner(options.findSigner, claim)
    const key = this.keys.keyOf(claim.accessKeyId, signer.secret, claim.scope)
    this.#compare(claim, key, { request, headers })
    const { accessKeyId, sessionToken, place, signedMs } = claim
    const chunks = payload.kind === 'signed-chunks' ? new ChunkChain(this.compute, { key, ...claim }) : undefined
    return { signer, accessKeyId, sessionToken, place, version: 'v4', signedMs, payload, chunks }
  }

  /** @throws S3Error `SignatureDoesNotMatch`. */
  #compare(
    claim: SignatureClaim,
    key: HmacKey,
    { request, headers }: { readonly request: WireRequest; readonly headers: WireHeaders },
  ): void {
    const query = canonicalQuery(request.query, claim.place === 'query' ? signatureParameter : undefined)
    let first: { readonly canonical: string; readonly text: string } | undefined
    for (const { path, host } of readings(request)) {
      const canonical = canonicalRequest({ ...claim, method: request.method, path, query, headers, host })
      const text = stringToSign(claim.timestamp, claim.scope.text, this.sha256Hex(canonical))
      if (key.matches(text, claim.signature)) return
      first ??= { canonical, text }
    }
    throw signatureMismatch({
      accessKeyId: claim.accessKeyId,
      stringToSign: first?.text ?? '',
      signature: claim.signature,
      canonicalRequest: first?.canonical,
    })
  }

  sha256Hex(text: string): string {
    return this.compute.sha256Hex(Buffer.from(text, 'latin1'))
  }

  async #checkV2Claim<Signer extends SecretHolder>(
    claim: V2Claim,
    { request, headers, options }: Received<Signer>,
  ): Promise<VerifiedSignature<Signer>> {
    const signer = await findSigner(options.findSigner, claim)
    checkV2(this.compute, claim, { secret: signer.secret, request, headers, hostBucket: options.hostBucket })
    const { accessKeyId, sessionToken, place, signedMs } = claim
    const hash = headers.get('x-amz-content-sha256')
    const payload: Payload = hash === undefined ? { kind: 'unsigned' } : parsePayload(hash)
    return { signer, accessKeyId, sessionToken, place, version: 'v2', signedMs, payload, chunks: undefined }
  }
}

interface Received<Signer extends SecretHolder> {
  readonly request: WireRequest
  readonly headers: WireHeaders
  readonly options: VerifyOptions<Signer>
}

/** @throws S3Error `InvalidAccessKeyId`, and what `find` throws. */
export async function findSigner<Signer extends SecretHolder>(
  find: FindSigner<Signer>,
  { accessKeyId, sessionToken }: { readonly accessKeyId: string; readonly sessionToken: string | undefined },
): Promise<Signer> {
  const signer = await find(accessKeyId, sessionToken).catch((error: unknown) => {
    if (errorCode(error) === 'credentials-invalid') return undefined
    throw error
  })
  if (signer === undefined) throw unknownAccessKey(accessKeyId)
  return signer
}

/** @throws S3Error `AccessDenied` naming the headers that should have been signed. */
function checkSignedHeaders(signedHeaders: readonly string[], headers: WireHeaders): void {
  const missing: string[] = []
  if (!signedHeaders.includes('host')) missing.push('host')
  for (const name of headers.keys()) if (name.startsWith('x-amz-') && !signedHeaders.includes(name)) missing.push(name)
  if (missing.length > 0) throw headersNotSigned(missing)
}

/** The request as the client may have signed it, most likely first. */
function* readings(request: WireRequest): Generator<{ readonly path: string; readonly host: string | undefined }> {
  const path = canonicalPath(request.path)
  const others = (request.otherHosts ?? []).slice(0, otherHostsMax)
  const hosts = request.isOwnHost === false ? others : [undefined, ...others]
  for (const host of hosts) yield { path, host }
  if (path !== request.path) for (const host of hosts) yield { path: request.path, host }
}

function twoMechanisms(): S3Error {
  return invalidArgument(
    'Authorization',
    undefined,
    'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter ' +
      'or the Authorization header should be specified',
  )
}
