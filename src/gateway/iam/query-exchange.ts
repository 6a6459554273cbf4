// IAM and STS over HTTP: a POST of a form to `/`, signed for the service `iam` or `sts`. Their requests do not tell the digest of their
// body, so it is read before the signature is checked: within bounds, and only where a signature is shown.
//
// Their global endpoints are signed for us-east-1, whatever the region of the cluster is, so both are taken.
//
// Source: AWS General Reference, "Signing AWS API requests"; AWS IAM and STS API References, "Common errors".

import type { Clock } from '../../ports/clock.ts'
import type { Compute } from '../../ports/compute.ts'
import { toHex } from '../../base/ids.ts'
import type { AccessControl } from '../auth/access-control.ts'
import type { Signer } from '../auth/authenticator.ts'
import type { Exchange } from '../http/exchange.ts'
import { receiveWhole } from '../http/json-body.ts'
import { S3Conditions } from '../policy/s3-conditions.ts'
import { S3Error } from '../s3/s3-error.ts'
import { SignatureVerifier } from '../s3/signature/signature-verifier.ts'
import type { FindSigner } from '../s3/signature/signature-verifier.ts'
import type { IamService } from './iam-service.ts'
import { formBytesMax } from './query-form.ts'
import { writeError } from './query-xml.ts'
import type { QueryService } from './query-xml.ts'

export interface QueryFaceParts {
  readonly iam: IamService
  readonly control: AccessControl
  readonly clock: Clock
  readonly compute: Compute
  readonly findSigner: FindSigner<Signer>
  /** Of the cluster. */
  readonly region: string
  readonly endpointHosts: readonly string[]
}

const globalRegion = 'us-east-1'
const scopePattern = /Credential=[^,\s]+\/\d{8}\/([^/,\s]+)\/(iam|sts)\/aws4_request/

export class QueryFace {
  readonly #parts: QueryFaceParts
  readonly #verifier: SignatureVerifier
  readonly #globalVerifier: SignatureVerifier

  constructor(parts: QueryFaceParts) {
    this.#parts = parts
    const { compute, region } = parts
    this.#verifier = new SignatureVerifier(compute, { region, acceptsV2: false })
    this.#globalVerifier = new SignatureVerifier(compute, { region: globalRegion, acceptsV2: false })
  }

  /** Whether a request is for IAM or STS, and not for S3. */
  takes({ method, path, rawQuery, headers }: Exchange): boolean {
    return (
      method === 'POST' &&
      path === '/' &&
      rawQuery === '' &&
      scopePattern.test(headers['authorization']?.slice(0, 4_096) ?? '')
    )
  }

  /** Answers whatever is wrong with the request; throws where the connection failed or the body is too long. */
  async serve(exchange: Exchange): Promise<void> {
    const [, region, name] = scopePattern.exec(exchange.headers['authorization'] ?? '') ?? []
    const service: QueryService = name === 'sts' ? 'sts' : 'iam'
    const { iam, control, clock } = this.#parts
    const { remoteAddress: address, requestId } = exchange
    const body = await receiveWhole(exchange, clock, formBytesMax)
    try {
      const verifier = region === globalRegion ? this.#globalVerifier : this.#verifier
      const { principal } = await this.#verify(exchange, { verifier, service, body })
      exchange.principal = principal
      const conditions = this.#conditionsOf(exchange)
      const text = Buffer.from(body).toString('utf8')
      const { status, xml } = await iam.handle({ body: text, principal, conditions, address, requestId })
      exchange.send(status, ['Content-Type', 'text/xml'], xml)
    } catch (error) {
      if (!(error instanceof S3Error)) throw error
      control.refuse({ action: `${service}:Identify`, address, requestId }, error.code, { kind: 'signature' })
      const code = codes.get(error.code) ?? error.code
      const status = error.status < 500 ? 403 : error.status
      const xml = writeError({ code, status, message: error.message }, { service, requestId })
      exchange.send(status, ['Content-Type', 'text/xml'], xml)
    }
  }

  async #verify(
    { method, path, rawQuery: query, request, forwardedHost }: Exchange,
    how: { readonly verifier: SignatureVerifier; readonly service: QueryService; readonly body: Uint8Array },
  ): Promise<Signer> {
    const { clock, compute, findSigner, endpointHosts } = this.#parts
    const otherHosts = forwardedHost === undefined ? endpointHosts : [forwardedHost, ...endpointHosts]
    const digest = compute.createDigest('sha256')
    digest.update(how.body)
    const verified = await how.verifier.verify(
      { method, path, query, rawHeaders: request.rawHeaders, otherHosts },
      { nowMs: clock.wallMs(), findSigner, service: how.service, bodySha256: toHex(digest.digest()) },
    )
    if (verified === undefined) throw new S3Error('AccessDenied', 'The request is not signed.')
    return verified.signer
  }

  #conditionsOf({ headers, remoteAddress: address, isSecure }: Exchange): S3Conditions {
    return new S3Conditions({
      header: (name) => {
        const value = headers[name]
        return Array.isArray(value) ? value.join(',') : value
      },
      query: () => undefined,
      address,
      isSecure,
      nowMs: this.#parts.clock.wallMs(),
    })
  }
}

/** What IAM and STS call otherwise than S3. */
const codes: ReadonlyMap<string, string> = new Map([
  ['InvalidAccessKeyId', 'InvalidClientTokenId'],
  ['InvalidToken', 'InvalidClientTokenId'],
  ['RequestTimeTooSkewed', 'SignatureDoesNotMatch'],
  ['AuthorizationHeaderMalformed', 'IncompleteSignature'],
])
