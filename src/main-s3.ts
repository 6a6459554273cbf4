// Puts the S3 face of a master process together, where the configuration asks for one.

import type { MasterConfig } from './cli/config/options.ts'
import type { AccessControl } from './gateway/auth/access-control.ts'
import { deriveKey } from './gateway/auth/secret-box.ts'
import type { EncryptedObjects } from './gateway/encryption/encrypted-objects.ts'
import type { TlsCredentials } from './gateway/http/http-listener.ts'
import type { IamService } from './gateway/iam/iam-service.ts'
import type { RestMetrics } from './gateway/rest/rest-counters.ts'
import { LifecycleTask } from './gateway/s3/lifecycle/lifecycle-task.ts'
import type { Webhooks } from './gateway/s3/events/webhooks.ts'
import { S3Gateway } from './gateway/s3/s3-gateway.ts'
import type { Master } from './master/master.ts'
import type { ObjectService } from './master/object-service.ts'
import { joinHostPort } from './node/host-port.ts'
import type { AuditLog } from './ports/audit.ts'
import type { Clock } from './ports/clock.ts'
import type { Compute } from './ports/compute.ts'
import type { Log } from './ports/log.ts'
import type { Random } from './ports/random.ts'
import type { Tracer } from './ports/tracing.ts'

export interface S3Ports {
  readonly clock: Clock
  readonly random: Random
  readonly compute: Compute
  readonly log: Log
  readonly tracer: Tracer | undefined
}

export interface S3FaceParts {
  readonly objects: ObjectService
  readonly encrypted: EncryptedObjects
  readonly control: AccessControl
  readonly iam: IamService
  /** Of the cluster. */
  readonly secret: Uint8Array
  readonly webhooks: Webhooks
  readonly metrics: RestMetrics
  readonly tls: TlsCredentials | undefined
}

/** `undefined`: there is to be none. */
export function makeS3Gateway(config: MasterConfig, ports: S3Ports, parts: S3FaceParts): S3Gateway | undefined {
  if (config.s3Port === 'off') return undefined
  const { secret, tls, ...services } = parts
  const { s3Domains, s3WebsiteDomains, s3Endpoints, trustedProxies } = config
  return new S3Gateway(
    { ...ports, ...services, tokenKey: deriveKey(secret, 's3 page tokens', ports.compute) },
    {
      sharePort: config.sharePort,
      accessLog: config.accessLog,
      region: config.s3Region,
      acceptsV2: config.s3SignatureV2,
      lifecycleDayMs: config.s3LifecycleDayMs,
      takesKeysOverHttp: config.s3CustomerKeysOverHttp,
      accessLogsEveryMs: config.s3AccessLogsEveryMs,
      limits: { uploadStallTimeoutMs: config.uploadStallTimeoutMs },
      ...(s3Domains === undefined ? {} : { domains: s3Domains }),
      ...(s3WebsiteDomains === undefined ? {} : { websiteDomains: s3WebsiteDomains }),
      ...(s3Endpoints === undefined ? {} : { endpointHosts: s3Endpoints.map(hostOf) }),
      ...(trustedProxies === undefined ? {} : { trustedProxies }),
      ...(tls === undefined ? {} : { tls }),
    },
  )
}

/** Of all buckets, whether this process has a face for S3 or not: their rules are stored. */
export function makeLifecycle(
  { s3LifecycleDayMs: dayMs }: MasterConfig,
  { clock, log }: Pick<S3Ports, 'clock' | 'log'>,
  { master, audit }: { readonly master: Master; readonly audit: AuditLog | undefined },
): LifecycleTask {
  const isAtWork = (): boolean => master.fence !== undefined && !master.counts().isBehind
  return new LifecycleTask({ objects: master.objects, clock, log, audit, isAtWork }, { dayMs })
}

/** Resolves to where it listens. @throws FrostError `address-in-use`. */
export async function listenS3(
  gateway: S3Gateway | undefined,
  { host, s3Port }: MasterConfig,
): Promise<string | undefined> {
  if (gateway === undefined || s3Port === 'off') return undefined
  const address = await gateway.listen(host, s3Port)
  return joinHostPort(address.host, address.port)
}

/** As clients write it into the header Host: without the port of the scheme. */
function hostOf(endpoint: string): string {
  return new URL(endpoint).host
}
