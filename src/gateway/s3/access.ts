// Who may do what through S3: finds out who signed a request, and asks leave for each action that its operation takes. Nothing else in the
// face decides about access.

import { errorCode } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AccessControl } from '../auth/access-control.ts'
import type { Exchange } from '../http/exchange.ts'
import { tlsSessionOf } from '../http/tls-session.ts'
import { allowedByAcl } from '../policy/authorize-s3.ts'
import type { ConditionValues } from '../policy/compiled-policy.ts'
import { S3Conditions } from '../policy/s3-conditions.ts'
import type { S3RequestFacts } from '../policy/s3-conditions.ts'
import { actionsOf } from '../policy/s3-operations.ts'
import type { NeededAction, S3RequestShape } from '../policy/s3-operations.ts'
import { signedHosts } from './addressing.ts'
import type { S3Address } from './addressing.ts'
import type { BucketState } from './bucket-cache.ts'
import { aclAllows, publicAccessOf } from './bucket-access.ts'
import type { OperationName } from './operations-table.ts'
import type { S3Call } from './s3-call.ts'
import { headerOf } from './s3-call.ts'
import { S3Error } from './s3-error.ts'
import { canonicalIdOf, nobody } from './sender.ts'
import type { Sender } from './sender.ts'
import { anonymousPayload, contentHashHeader, unsignedPayload } from './signature/payload.ts'
import { checkIsSigned } from './signed-only.ts'
import type { SignatureVerifier, VerifiedSignature, VerifyOptions } from './signature/signature-verifier.ts'
import type { Signer } from '../auth/authenticator.ts'

export interface S3AccessParts {
  readonly control: AccessControl
  readonly verifier: SignatureVerifier
  readonly clock: Clock
  /** Hosts by which clients behind a proxy sign. */
  readonly endpointHosts: readonly string[]
  /** Domains below which a host names a bucket, in lower case. */
  readonly domains: readonly string[]
  /** Finds who holds an access key; of temporary credentials, with their token. */
  findSigner(accessKeyId: string, sessionToken: string | undefined): Promise<Signer | undefined>
}

/** What an action is asked for. */
export interface Wanted {
  /** As AWS names it: `s3:GetObject`. */
  readonly action: string
  /** Absent: an action of the account. */
  readonly state?: BucketState | undefined
  /** Where the bucket is not there yet. */
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  /** The ACL that says who may besides, where there is one: of the object or, for actions on the bucket, of that. */
  readonly acl?: Uint8Array | undefined
  readonly facts?: Partial<S3RequestFacts> | undefined
}

/** What is known of the object that is there already. */
export interface Existing {
  readonly acl?: Uint8Array | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** What is known of the request besides its head. */
  readonly facts?: Partial<S3RequestFacts> | undefined
}

export class S3Access {
  readonly #parts: S3AccessParts

  constructor(parts: S3AccessParts) {
    this.#parts = parts
  }

  get control(): AccessControl {
    return this.#parts.control
  }

  get verifier(): SignatureVerifier {
    return this.#parts.verifier
  }

  /** @throws S3Error as AWS for each thing that can be wrong with a signature. */
  async identify(exchange: Exchange, address: S3Address): Promise<Sender> {
    const { headers } = exchange
    const verified = await this.verify(exchange, address.isVirtualHosted ? { hostBucket: address.bucket } : {})
    if (verified !== undefined) return senderOf(verified)
    const payload = anonymousPayload(headerOf(headers, contentHashHeader))
    return { principal: nobody, payload, chunks: undefined, signature: undefined }
  }

  /** `undefined`: nobody signed. @throws S3Error as `identify`. */
  async verify(
    exchange: Exchange,
    options: Pick<VerifyOptions<Signer>, 'service' | 'bodySha256' | 'hostBucket'>,
  ): Promise<VerifiedSignature<Signer> | undefined> {
    const { method, path, rawQuery: query, request } = exchange
    const { verifier, clock, endpointHosts: endpoints, domains } = this.#parts
    const { headers, forwardedHost } = exchange
    const { isOwnHost, others } = signedHosts({ host: headers.host, forwardedHost }, { endpoints, domains })
    const { rawHeaders } = request
    return await this.#noting(exchange, () =>
      verifier.verify(
        { method, path, query, rawHeaders, isOwnHost, otherHosts: others },
        { ...options, nowMs: clock.wallMs(), findSigner: (id, token) => this.findSigner(id, token) },
      ),
    )
  }

  /** For signatures that are elsewhere than in the head of the request. */
  async findSigner(accessKeyId: string, sessionToken: string | undefined): Promise<Signer | undefined> {
    return await this.#parts.findSigner(accessKeyId, sessionToken)
  }

  senderOf(verified: VerifiedSignature<Signer>): Sender {
    return senderOf(verified)
  }

  /** Asks leave for all that the operation takes, on the bucket and key of the call. @throws S3Error `AccessDenied`, as `checkIsSigned`. */
  authorize(call: S3Call, shape: S3RequestShape, object: Existing = {}): void {
    const { acl, tags } = object
    const existing = tags === undefined ? undefined : { existingTags: new Map(Object.entries(tags)) }
    const facts = { ...object.facts, ...existing }
    for (const needed of this.actionsOf(call, shape)) {
      if (needed.on === 'source') continue // asked where the source is known
      this.check(call, {
        action: needed.action,
        state: needed.on === 'account' ? undefined : call.state,
        ...(needed.on === 'account' ? {} : { bucket: call.bucket }),
        ...(needed.on === 'object' ? { key: call.key } : {}),
        acl,
        facts,
      })
    }
    checkIsSigned(call)
  }

  actionsOf({ operation }: S3Call, shape: S3RequestShape): readonly NeededAction[] {
    const needed = actionsOf(operation, shape)
    if (needed === undefined) throw new S3Error('InternalError')
    return needed
  }

  /** @throws S3Error `AccessDenied`. */
  check(call: S3Call, wanted: Wanted): void {
    if (!this.isAllowed(call, wanted)) throw new S3Error('AccessDenied')
  }

  isAllowed(call: S3Call, wanted: Wanted): boolean {
    const { action, state, key, acl } = wanted
    const { exchange, sender } = call
    const { principal } = sender
    const bucket = state?.name ?? wanted.bucket
    const block = state === undefined ? undefined : publicAccessOf(state)
    const canonicalId = canonicalIdOf(sender)
    const asked = { action, acl, isNewObject: creations[call.operation] !== undefined }
    const decision = this.#parts.control.authorizeS3(
      {
        principal,
        action,
        bucket,
        key,
        conditions: this.#conditionsOf(call, wanted),
        bucketPolicy: state?.setting('policy', policyText),
        isBucketOwner: isOwner(call, state, canonicalId),
        ...(state === undefined ? {} : { isAllowedByAcl: (id) => aclAllows(state, { ...asked, canonicalId: id }) }),
        restrictsPublic: block?.restrictPublicBuckets === true,
      },
      { address: exchange.remoteAddress, requestId: exchange.requestId },
    )
    if (decision.reason === allowedByAcl) call.notes.wasAllowedByAcl = true
    return decision.isAllowed
  }

  /** Nothing is gathered until a policy asks for it: most requests meet no condition. */
  #conditionsOf(call: S3Call, wanted: Wanted): ConditionValues {
    let conditions: S3Conditions | undefined
    return {
      get: (key) => {
        conditions ??= new S3Conditions(this.#factsOf(call, wanted))
        return conditions.get(key)
      },
    }
  }

  #factsOf({ exchange, operation, headers, query, sender }: S3Call, { facts }: Wanted): S3RequestFacts {
    const { signature, payload } = sender
    const unsigned = payload.kind === 'unsigned' ? unsignedPayload : undefined
    const nowMs = this.#parts.clock.wallMs()
    return {
      // Presigned URLs and forms sign no body, and mostly do not say so.
      header: (name) => headerOf(headers, name) ?? (name === contentHashHeader ? unsigned : undefined),
      query: (name) => query.get(name),
      address: exchange.remoteAddress,
      isSecure: exchange.isSecure,
      tlsVersion: tlsSessionOf(exchange.request)?.version?.replace(/^TLSv/, ''),
      createsObject: creations[operation],
      nowMs,
      ...(signature === undefined ? {} : { signature: signatureFacts(signature, nowMs) }),
      ...facts,
    }
  }

  #note({ remoteAddress: address, requestId }: Exchange, reason: string): void {
    this.#parts.control.refuse({ action: 's3:Identify', address, requestId }, reason, { kind: 'signature' })
  }

  /** A signature that is not right is written down. */
  async #noting<Result>(exchange: Exchange, verify: () => Promise<Result>): Promise<Result> {
    try {
      return await verify()
    } catch (error) {
      const reason = error instanceof S3Error ? error.code : (errorCode(error) ?? 'failed')
      if (error instanceof S3Error && error.status === 403) this.#note(exchange, reason)
      throw error
    }
  }
}

/** For conditions: the version that is meant, where that is not the one that the query names. */
export function factsOfVersion({ query }: S3Call, version: string | undefined): Pick<S3RequestFacts, 'query'> {
  return { query: (name) => (name === 'versionId' ? version : query.get(name)) }
}

function senderOf({ signer, payload, chunks, version, place, signedMs }: VerifiedSignature<Signer>): Sender {
  return { principal: signer.principal, payload, chunks, signature: { version, place, signedMs } }
}

/**
 * `s3:ObjectCreationOperation`: policies that ask for conditional writes let the steps of an upload go by it.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
 */
const creations: Partial<Readonly<Record<OperationName, boolean>>> = {
  PutObject: true,
  PostObject: true,
  CopyObject: true,
  CompleteMultipartUpload: true,
  CreateMultipartUpload: false,
  UploadPart: false,
  UploadPartCopy: false,
}

const types = { header: 'REST-HEADER', query: 'REST-QUERY-STRING', form: 'POST' } as const

function signatureFacts(
  { version, place, signedMs }: NonNullable<Sender['signature']>,
  nowMs: number,
): NonNullable<S3RequestFacts['signature']> {
  return {
    version: version === 'v4' ? 'AWS4-HMAC-SHA256' : 'AWS',
    type: types[place],
    ageMs: signedMs === undefined ? 0 : nowMs - signedMs,
  }
}

const utf8 = new TextDecoder()

/** As it is stored. */
export const policyText = { decode: (bytes: Uint8Array): string => utf8.decode(bytes) }

/** Who makes a bucket owns it: what he could do to it by the next request, he may ask for with the first one. */
function isOwner({ operation }: S3Call, state: BucketState | undefined, canonicalId: string | undefined): boolean {
  if (canonicalId === undefined) return false
  return state === undefined ? operation === 'CreateBucket' : state.row.owner === canonicalId
}
