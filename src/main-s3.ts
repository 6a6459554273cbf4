// Puts the S3 face of a master process together, where the configuration asks for one.

import type { MasterConfig } from './cli/config/options.ts'
import type { AccessControl } from './gateway/auth/access-control.ts'
import { deriveKey } from './gateway/auth/secret-box.ts'
import type { TlsCredentials } from './gateway/http/http-listener.ts'
import type { IamService } from './gateway/iam/iam-service.ts'
import type { RestMetrics } from './gateway/rest/rest-counters.ts'
import { accountId } from './gateway/policy/arn.ts'
import { KeyRing } from './gateway/s3/encryption/key-ring.ts'
import { ObjectEncryption } from './gateway/s3/encryption/object-encryption.ts'
import type { S3Encryption } from './gateway/s3/object-crypto.ts'
import { S3Gateway } from './gateway/s3/s3-gateway.ts'
import type { MetadataStore } from './meta/metadata-store.ts'
import { NodeVault } from './node/vault.ts'
import type { ObjectService } from './master/object-service.ts'
import { joinHostPort } from './node/host-port.ts'
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
  readonly control: AccessControl
  readonly iam: IamService
  /** Of the cluster. */
  readonly secret: Uint8Array
  readonly metrics: RestMetrics
  /** Of the keys of encryption. */
  readonly metadata: MetadataStore
  readonly tls: TlsCredentials | undefined
}

/** `undefined`: there is to be none. */
export function makeS3Gateway(config: MasterConfig, ports: S3Ports, parts: S3FaceParts): S3Gateway | undefined {
  if (config.s3Port === 'off') return undefined
  const { secret, tls, metadata, ...services } = parts
  const { s3Domains, s3Endpoints, trustedProxies } = config
  return new S3Gateway(
    {
      ...ports,
      ...services,
      encryption: openEncryption(config, ports, { metadata, secret }),
      tokenKey: deriveKey(secret, 's3 page tokens', ports.compute),
    },
    {
      sharePort: config.sharePort,
      accessLog: config.accessLog,
      region: config.s3Region,
      acceptsV2: config.s3SignatureV2,
      limits: { uploadStallTimeoutMs: config.uploadStallTimeoutMs },
      ...(s3Domains === undefined ? {} : { domains: s3Domains }),
      ...(s3Endpoints === undefined ? {} : { endpointHosts: s3Endpoints.map(hostOf) }),
      ...(trustedProxies === undefined ? {} : { trustedProxies }),
      ...(tls === undefined ? {} : { tls }),
    },
  )
}

/** Master keys are rows of metadata, sealed under the cluster's secret; the first is made when it is first needed. */
function openEncryption(
  config: MasterConfig,
  { clock, random, compute }: S3Ports,
  { metadata, secret }: { readonly metadata: MetadataStore; readonly secret: Uint8Array },
): S3Encryption {
  const ports = { clock, random, compute, vault: new NodeVault(), metadata }
  const keys = new KeyRing(ports, secret, { region: config.s3Region, account: accountId })
  return { objects: new ObjectEncryption(ports, keys), ports }
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
