// The S3 face: takes requests from the listener, finds out what each is and who sent it, asks leave, and hands it to its handler; whatever
// goes wrong becomes the XML document of AWS. It is the one place that knows an operation, its bucket and its outcome: what is told
// of requests (metrics, traces, access logs) is told from here.

import { DAY_MS, MINUTE_MS } from '../../base/units.ts'
import type { ObjectService } from '../../master/object-service.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Compute } from '../../ports/compute.ts'
import type { Log } from '../../ports/log.ts'
import type { Random } from '../../ports/random.ts'
import type { Tracer } from '../../ports/tracing.ts'
import { RequestTrail } from '../../rpc/request-trail.ts'
import type { AccessControl } from '../auth/access-control.ts'
import type { EncryptedObjects } from '../encryption/encrypted-objects.ts'
import { logAccess } from '../http/access-log.ts'
import type { Exchange, FinishedExchange } from '../http/exchange.ts'
import { defaultHttpLimits } from '../http/http-limits.ts'
import type { HttpLimits } from '../http/http-limits.ts'
import { HttpListener } from '../http/http-listener.ts'
import type { ListeningAddress, TlsCredentials } from '../http/http-listener.ts'
import { StallWatch } from '../http/stall-watch.ts'
import { QueryFace } from '../iam/query-exchange.ts'
import type { IamService } from '../iam/iam-service.ts'
import { parseTraceparent } from '../http/trace-context.ts'
import { AccessLogs } from './access-log/access-logs.ts'
import { logNameOf } from './access-log/log-operations.ts'
import { S3Access } from './access.ts'
import { keepAliveByDefault } from './slow-answer.ts'
import type { KeepAlive } from './slow-answer.ts'
import { addressedHost, bucketInHost, parseAddress } from './addressing.ts'
import type { S3Address } from './addressing.ts'
import { BucketCache } from './bucket-cache.ts'
import { addCorsHeaders, answerPreflight } from './cors-answers.ts'
import { checkExpectedOwner } from './expected-owner.ts'
import { signersOf } from './find-signer.ts'
import { handlerOf } from './handlers.ts'
import { checkKey } from './object-names.ts'
import { operations } from './operations-table.ts'
import type { OperationName } from './operations-table.ts'
import { OwnerNames } from './owner-names.ts'
import { route } from './router.ts'
import { s3Answers } from './s3-answers.ts'
import type { CallNotes, S3Call, S3Parts } from './s3-call.ts'
import { S3Error } from './s3-error.ts'
import { parseS3Query } from './s3-query.ts'
import { hoistedHeaders } from './signature/query-signature.ts'
import type { Sender } from './sender.ts'
import { SignatureVerifier } from './signature/signature-verifier.ts'
import { serveWebsite } from './website/serve-website.ts'

export interface S3GatewayParts {
  readonly objects: ObjectService
  readonly clock: Clock
  readonly compute: Compute
  readonly random: Random
  readonly log: Log
  readonly control: AccessControl
  readonly encrypted: EncryptedObjects
  /** Absent: IAM and STS are not answered. */
  readonly iam?: IamService | undefined
  readonly metrics?: { onFinished(exchange: FinishedExchange): void }
  /** Absent: there are none, and no bucket can have its events sent. */
  readonly webhooks?: S3Parts['webhooks'] | undefined
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer | undefined
  /** Of 32 bytes, the same in all processes of the cluster, and known to nobody else. */
  readonly tokenKey: Uint8Array
}

export interface S3GatewayOptions {
  /** Default: `defaultHttpLimits`, also for each that is left out. */
  readonly limits?: Partial<HttpLimits>
  /** Default `us-east-1`. */
  readonly region?: string
  /** Domains below which a host names a bucket. Default: none. */
  readonly domains?: readonly string[]
  /** Domains below which a host names a bucket whose website is shown. Default: none. */
  readonly websiteDomains?: readonly string[]
  /** Hosts, with their port where it is not the scheme's own, by which clients behind a proxy sign. */
  readonly endpointHosts?: readonly string[]
  /** Between two deliveries of the access logs of buckets. Default: `defaultAccessLogsEveryMs`. */
  readonly accessLogsEveryMs?: number
  /** Whether Signature Version 2 is taken too. Default: no. */
  readonly acceptsV2?: boolean
  /** Whether a customer's key (SSE-C) is taken over plain HTTP, too, where others can read it. Default: no. */
  readonly takesKeysOverHttp?: boolean
  /** Of answers that are long in coming. Default: `keepAliveByDefault`. */
  readonly keepAlive?: KeepAlive
  /** How long a day of lifecycle rules is. Default: a day. */
  readonly lifecycleDayMs?: number
  readonly accessLog?: boolean
  readonly trustedProxies?: readonly string[]
  /** Default: plain HTTP. */
  readonly tls?: TlsCredentials
  /** Other processes listen at the same port. Default: none do. */
  readonly sharePort?: boolean
}

const defaultRegion = 'us-east-1'
/** AWS delivers within a few hours, mostly. */
const defaultAccessLogsEveryMs = 5 * MINUTE_MS
/** AWS takes 8 KB of headers, and keys of 1,024 bytes, each of them encoded; presigned URLs with tokens are long. */
const headBytesMax = 32 * 1024

const noWebhooks: S3Parts['webhooks'] = {
  has: () => false,
  test: async () => Promise.resolve('there is no such webhook'),
}

export class S3Gateway {
  readonly #listener: HttpListener
  readonly #parts: S3Parts
  readonly #options: S3GatewayOptions
  readonly #queries: QueryFace | undefined
  readonly #domains: readonly string[]
  readonly #websiteDomains: readonly string[]
  readonly #metrics: S3GatewayParts['metrics']
  readonly #log: Log
  readonly #tracer: Tracer | undefined

  constructor(parts: S3GatewayParts, options: S3GatewayOptions = {}) {
    const { objects, encrypted, clock, compute, random, log, control, tokenKey } = parts
    const limits: HttpLimits = { ...defaultHttpLimits, headBytesMax, ...options.limits }
    const region = options.region ?? defaultRegion
    const verifier = new SignatureVerifier(compute, { region, acceptsV2: options.acceptsV2 ?? false })
    const endpointHosts = options.endpointHosts ?? []
    const findSigner = signersOf(control)
    this.#domains = (options.domains ?? []).map((domain) => domain.toLowerCase())
    const access = new S3Access({ control, verifier, clock, endpointHosts, domains: this.#domains, findSigner })
    const { iam } = parts
    this.#queries = iam && new QueryFace({ iam, control, clock, compute, findSigner, region, endpointHosts })
    const uploadWatch = new StallWatch(clock, limits.uploadStallTimeoutMs)
    const buckets = new BucketCache(objects, clock)
    const hostId = Buffer.from(random.bytes(24)).toString('base64')
    const accessLogs = new AccessLogs(
      { encrypted, buckets, control, clock, compute, random, region, log },
      { everyMs: options.accessLogsEveryMs ?? defaultAccessLogsEveryMs, hostId },
    )
    const takesKeysOverHttp = options.takesKeysOverHttp ?? false
    const owners = new OwnerNames(control)
    const { webhooks = noWebhooks } = parts
    const services = { buckets, access, owners, accessLogs, uploadWatch, webhooks }
    const own = { ...services, takesKeysOverHttp, region, tokenKey }
    const { lifecycleDayMs = DAY_MS, keepAlive = keepAliveByDefault } = options
    this.#parts = { ...own, objects, encrypted, clock, compute, random, lifecycleDayMs, keepAlive }
    this.#options = options
    this.#websiteDomains = (options.websiteDomains ?? []).map((domain) => domain.toLowerCase())
    this.#metrics = parts.metrics
    this.#log = log
    this.#tracer = parts.tracer
    this.#listener = new HttpListener({
      clock,
      log,
      limits,
      tls: options.tls,
      trustedProxies: options.trustedProxies,
      answers: s3Answers(hostId),
      takesAnyExpectation: true, // as AWS
      onExchange: (exchange) => this.#onExchange(exchange),
      onFinished: (exchange) => this.#onFinished(exchange),
    })
  }

  get connectionCount(): number {
    return this.#listener.connectionCount
  }

  /** Requests under way. */
  get exchanges(): ReadonlySet<Exchange> {
    return this.#listener.exchanges
  }

  /** `port` 0: any free one. @throws FrostError `address-in-use`. */
  async listen(host: string, port: number): Promise<ListeningAddress> {
    return this.#listener.listen(host, port, this.#options.sharePort)
  }

  /** For the connections that come from now on; only where TLS was asked for. */
  setTls(credentials: TlsCredentials): void {
    this.#listener.setTls(credentials)
  }

  /** Takes no more requests; what is under way may end for up to `graceMs`, then it is cut off. Can be called twice. */
  async close(graceMs: number): Promise<void> {
    await this.#listener.close(graceMs)
    await this.#parts.accessLogs.close()
    this.#parts.uploadWatch.close()
  }

  #onExchange(exchange: Exchange): void {
    this.#serve(exchange).catch((error: unknown) => exchange.fail(error))
  }

  async #serve(exchange: Exchange): Promise<void> {
    if (this.#queries?.takes(exchange) === true) {
      exchange.routeName = 'Iam'
      this.#follow(exchange)
      await this.#queries.serve(exchange)
      return
    }
    const site = bucketInHost(exchange.forwardedHost ?? exchange.headers.host, this.#websiteDomains)
    if (site !== undefined) {
      exchange.routeName = 'Website'
      this.#follow(exchange)
      await serveWebsite(exchange, site, this.#parts)
      return
    }
    const { method, path, rawQuery, forwardedHost } = exchange
    const headers = headersOf(exchange)
    const host = addressedHost({ host: headers.host, forwardedHost }, this.#domains)
    const address = parseAddress(path, host, this.#domains)
    if (method === 'OPTIONS') {
      exchange.routeName = 'Preflight'
      const state = await this.#parts.buckets.find(address.bucket)
      this.#parts.accessLogs.begin(exchange, { operation: 'REST.OPTIONS.PREFLIGHT', key: address.key, state })
      answerPreflight(exchange, state)
      return
    }
    const query = parseS3Query(rawQuery)
    const operation = route({ method, target: address.target, query, headers })
    exchange.routeName = operation
    this.#follow(exchange)
    const sender = await this.#identify(exchange, { operation, address, query })
    exchange.principal = sender.principal
    const { bucket, key, isVirtualHosted } = address
    checkKey(key)
    const state = await this.#stateOf(operation, address)
    if (state !== undefined) checkExpectedOwner(headers, 'x-amz-expected-bucket-owner')
    if (state !== undefined) addCorsHeaders(exchange, state)
    const notes: CallNotes = {}
    const call: S3Call = { exchange, operation, bucket, key, isVirtualHosted, query, headers, sender, state, notes }
    const versionId = query.get('versionId')
    this.#parts.accessLogs.begin(exchange, { operation: logNameOf(operation), key, versionId, sender, notes, state })
    const handler = handlerOf(operation)
    if (handler === undefined) throw new S3Error('NotImplemented', `${operation} is not implemented.`)
    await handler(call, this.#parts)
  }

  /** Where it is not found out who sends a request, its bucket has it in its log all the same, and tells pages of other origins why. */
  async #identify(
    exchange: Exchange,
    { operation, address, query }: Pick<S3Call, 'operation' | 'query'> & { readonly address: S3Address },
  ): Promise<Sender> {
    try {
      return await this.#parts.access.identify(exchange, address)
    } catch (error) {
      const state = await this.#parts.buckets.find(address.bucket).catch(() => undefined)
      const versionId = query.get('versionId')
      this.#parts.accessLogs.begin(exchange, { operation: logNameOf(operation), key: address.key, versionId, state })
      if (state !== undefined) addCorsHeaders(exchange, state)
      throw error
    }
  }

  /** @throws FrostError `bucket-not-found`. */
  async #stateOf(operation: OperationName, { bucket }: S3Address): Promise<S3Call['state']> {
    if (operations[operation].target === 'service' || operation === 'CreateBucket') return undefined
    return await this.#parts.buckets.get(bucket)
  }

  #follow(exchange: Exchange): void {
    const { headers, method, requestId, routeName } = exchange
    const attributes = { 'http.request.method': method, 'http.route': routeName, 'frostbyte.request_id': requestId }
    const parent = this.#tracer === undefined ? undefined : parseTraceparent(headers['traceparent'])
    const span = this.#tracer?.start(`S3 ${routeName}`, { kind: 'server', parent, attributes })
    exchange.trail = new RequestTrail(requestId, span)
  }

  #onFinished(exchange: Exchange): void {
    const { status } = exchange
    this.#metrics?.onFinished(exchange)
    this.#parts.accessLogs.end(exchange)
    exchange.trail?.span?.end({
      attributes: { 'http.response.status_code': status },
      ...(status >= 500 ? { error: new Error(`status ${status}`) } : {}),
    })
    if (this.#options.accessLog === true) logAccess(this.#log, exchange)
  }
}

/** With those that a presigned URL holds in its query. */
function headersOf({ headers, rawQuery }: Exchange): Exchange['headers'] {
  return rawQuery === '' ? headers : { ...Object.fromEntries(hoistedHeaders(rawQuery)), ...headers }
}
