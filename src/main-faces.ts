// The public faces of a master process, REST and S3: put together, listening, and closed together.

import { SECOND_MS } from './base/units.ts'
import type { MasterConfig } from './cli/config/options.ts'
import type { KeyRing } from './gateway/encryption/key-ring.ts'
import type { FileContent } from './gateway/encryption/encrypted-files.ts'
import type { MetricsText } from './gateway/http/metrics-text.ts'
import type { IamService } from './gateway/iam/iam-service.ts'
import type { RestAccess } from './gateway/rest/access-parts.ts'
import { RestGateway } from './gateway/rest/rest-gateway.ts'
import { makeEncryption } from './main-encryption.ts'
import { BucketCache } from './gateway/s3/bucket-cache.ts'
import { CauseSource } from './gateway/s3/change-cause.ts'
import type { Webhooks } from './gateway/s3/events/webhooks.ts'
import type { ObservedMaster } from './main-observed-master.ts'
import { listenS3, makeLifecycle, makeS3Gateway } from './main-s3.ts'
import type { S3Ports } from './main-s3.ts'
import type { PublicTls } from './main-tls.ts'
import type { Master } from './master/master.ts'
import type { MetadataStore } from './meta/metadata-store.ts'
import { joinHostPort } from './node/host-port.ts'
import type { Tracer } from './ports/tracing.ts'
import type { AuditLog } from './ports/audit.ts'
import type { Clock } from './ports/clock.ts'
import type { Log } from './ports/log.ts'

const closeGraceMs = 5 * SECOND_MS

export interface FacesParts {
  /** Has started. */
  readonly master: Master
  readonly metadata: MetadataStore
  readonly access: RestAccess
  readonly iam: IamService
  readonly audit: AuditLog | undefined
  /** Of the cluster. */
  readonly secret: Uint8Array
  readonly webhooks: Webhooks
  readonly observed: ObservedMaster
  readonly tls: PublicTls
}

export interface StartedFaces {
  /** By face: `rest`, and `s3` where there is one. */
  readonly addresses: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** @throws FrostError `address-in-use`. */
export async function startFaces(config: MasterConfig, ports: S3Ports, parts: FacesParts): Promise<StartedFaces> {
  const { master, metadata, access, iam, audit, secret, webhooks, observed, tls } = parts
  const { keys, encrypted, content } = makeEncryption(ports, { master, metadata, secret, region: config.s3Region })
  const rest = makeRestGateway(config, ports, { master, keys, content, observed, access, tls })
  const s3 = makeS3Gateway(config, ports, {
    objects: master.objects,
    encrypted,
    control: access.control,
    iam,
    secret,
    webhooks,
    metrics: observed.s3,
    tls: tls.credentials,
  })
  tls.follow((credentials) => {
    rest.setTls(credentials)
    s3?.setTls(credentials)
  })
  const lifecycle = makeLifecycle(config, ports, { master, audit })
  observed.show(master, { rest, s3, lifecycle: lifecycle.counts })
  const address = await rest.listen(config.host, config.restPort)
  const s3Address = await listenS3(s3, config)
  master.startTask(lifecycle)
  return {
    addresses: {
      rest: joinHostPort(address.host, address.port),
      ...(s3Address === undefined ? {} : { s3: s3Address }),
    },
    close: async () => {
      await Promise.all([rest.close(closeGraceMs), s3?.close(closeGraceMs)])
    },
  }
}

function makeRestGateway(
  config: MasterConfig,
  ports: { readonly clock: Clock; readonly log: Log; readonly tracer: Tracer | undefined },
  parts: {
    readonly master: Master
    readonly keys: KeyRing
    readonly content: FileContent
    readonly access: RestAccess
    readonly observed: ObservedMaster
    readonly tls: PublicTls
  },
): RestGateway {
  const { master, keys, content, access, observed, tls } = parts
  const { files, objects } = master
  const { clock } = ports
  const causes = new CauseSource({ buckets: new BucketCache(objects, clock), clock })
  const metricsText = async (): Promise<MetricsText> => await observed.metricsText()
  return new RestGateway(
    { ...ports, files, keys, content, causes, access, metrics: observed.rest, metricsText },
    {
      sharePort: config.sharePort,
      accessLog: config.accessLog,
      ...(config.trustedProxies === undefined ? {} : { trustedProxies: config.trustedProxies }),
      ...(tls.credentials === undefined ? {} : { tls: tls.credentials }),
      limits: { uploadStallTimeoutMs: config.uploadStallTimeoutMs },
      ...(config.allowedHosts === undefined ? {} : { hosts: config.allowedHosts }),
      ...(config.allowedOrigins === undefined ? {} : { origins: config.allowedOrigins }),
    },
  )
}
