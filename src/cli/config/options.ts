// Every option of the program: the one table from which the flags, the FROSTBYTE_* variables, the keys of frostbyte.yaml, the types of
// the configurations and docs/reference/config.md derive. A key of the table is the name in the program, with its unit.

import { chunkSizeBytesMax, chunkSizeBytesMin } from '../../base/scheme.ts'
import { DAY_MS, GIB, HOUR_MS, KIB, MIB, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import {
  choice,
  duration,
  host,
  hostAndPort,
  list,
  network,
  onOff,
  path,
  port,
  portOrOff,
  scheme,
  secret,
  size,
  wholeNumber,
  word,
} from './kinds.ts'
import { option, optional } from './option.ts'
import type { ConfigOf } from './option.ts'
import { webhookOptions } from './webhook-options.ts'

const zoneName = word({
  placeholder: 'name',
  expects: '1 to 64 letters, digits, dots, hyphens and underscores',
  pattern: /^[A-Za-z0-9._-]{1,64}$/,
})

const bucketName = word({
  placeholder: 'name',
  expects: 'a name of 1 to 255 characters',
  pattern: /^[^\p{Cc}]{1,255}$/u,
})

const serverUrl = word({
  placeholder: 'url',
  expects: 'an address that starts with http:// or https://',
  pattern: /^https?:\/\/[^\s\p{Cc}]{1,2000}$/u,
})

const mongodbUrl = secret({
  expects: 'an address that starts with mongodb:// or mongodb+srv://',
  pattern: /^mongodb(?:\+srv)?:\/\/[^\s\p{Cc}]{1,4000}$/u,
})

const originUrl = word({
  placeholder: 'origin',
  expects: 'an origin, as in https://console.example',
  pattern: /^https?:\/\/[^\s/,\p{Cc}]{1,255}$/u,
})

/** As much as one process may count in bytes without losing exactness, in a round figure. */
const capacityMax = 4096 * 1024 * GIB
/** Per second; more than any cluster moves. */
const repairRateMax = 1024 * GIB

export const options = {
  // Where things lie
  dataDirectory: option({
    name: 'data',
    kind: path,
    roles: ['up', 'master', 'worker', 'migrate'],
    summary: 'Directory of everything that is stored.',
    default: './frostbyte-data',
    byRole: { worker: './frostbyte-worker' },
  }),
  secretFile: optional({
    name: 'secret-file',
    kind: path,
    roles: ['master', 'worker'],
    summary: 'File with the secret by which the nodes of a cluster know each other: 32 to 128 hex digits.',
    absence: 'master: the file `secret` in its data directory, made at the first start; worker: it must be given',
  }),
  secret: optional({
    name: 'secret',
    kind: secret({ expects: '32 to 128 lower-case hex digits', pattern: /^(?:[0-9a-f]{2}){16,64}$/ }),
    roles: ['master', 'worker'],
    summary: 'The secret itself, in place of the file.',
    absence: 'the file counts',
    sources: ['variable'],
  }),
  metadataUrl: optional({
    name: 'metadata-url',
    kind: mongodbUrl,
    roles: ['up', 'master', 'migrate'],
    summary:
      'Address of the MongoDB replica set that holds the metadata, with its database; then masters can be several.',
    absence: 'the metadata lies in the data directory of the one master',
    sources: ['variable', 'file'],
  }),
  initiateReplicaSet: option({
    name: 'initiate-replica-set',
    kind: onOff,
    roles: ['up', 'master', 'migrate'],
    summary: 'Make the replica set that `metadata-url` names of its members, where they belong to none yet.',
    default: 'false',
  }),
  // Addresses
  host: option({
    name: 'host',
    kind: host,
    roles: ['up', 'master', 'worker'],
    summary:
      'Address to listen at. On any other than loopback the master asks who is there, unless `open-access` is given.',
    default: '127.0.0.1',
  }),
  restPort: option({
    name: 'rest-port',
    alias: 'port',
    kind: port({ orAny: true }),
    roles: ['up', 'master'],
    summary: 'Port of the REST interface.',
    default: '8080',
  }),
  s3Port: option({
    name: 's3-port',
    kind: portOrOff,
    roles: ['up', 'master'],
    summary: 'Port of the S3 interface, which asks for signed requests everywhere; `off`: there is none.',
    default: '9000',
  }),
  s3Region: option({
    name: 's3-region',
    kind: word({
      placeholder: 'name',
      expects: '1 to 32 lower-case letters, digits and hyphens, as in eu-central-1',
      pattern: /^[a-z0-9-]{1,32}$/,
    }),
    roles: ['up', 'master'],
    summary: 'Region for which S3 requests are signed; all buckets lie in it.',
    default: 'us-east-1',
  }),
  s3Domains: optional({
    name: 's3-domain',
    kind: list(host, { max: 16 }),
    roles: ['up', 'master'],
    summary:
      'Domains below which a host names a bucket: with `s3.example.com`, `photos.s3.example.com` is the bucket photos.',
    absence: 'buckets stand in the path',
  }),
  s3WebsiteDomains: optional({
    name: 's3-website-domain',
    kind: list(host, { max: 16 }),
    roles: ['up', 'master'],
    summary:
      'Domains below which a host names a bucket whose website is shown: with `web.example.com`, `photos.web.example.com` is that ' +
      'of the bucket photos.',
    absence: 'no website is shown',
  }),
  s3Endpoints: optional({
    name: 's3-endpoint',
    kind: list(originUrl, { max: 8 }),
    roles: ['up', 'master'],
    summary:
      'Addresses by which S3 clients reach a proxy in front of the master, where that proxy changes the header Host or its port: ' +
      'their signatures and links are for these, and for the hosts of buckets below them.',
    absence: 'the header Host counts',
  }),
  s3LifecycleDayMs: option({
    name: 's3-lifecycle-day',
    kind: duration({ min: 100, max: DAY_MS }),
    roles: ['up', 'master'],
    summary:
      'How long a day of lifecycle rules is: once in each the rules are applied, and days are counted in it. Another length is for tests.',
    default: '24h',
  }),
  s3AccessLogsEveryMs: option({
    name: 's3-access-logs-every',
    kind: duration({ min: SECOND_MS, max: 24 * HOUR_MS }),
    roles: ['up', 'master'],
    summary:
      'How often the access logs of buckets that have them are written to their target buckets. What a process has gathered since then ' +
      'is lost where it is killed.',
    default: '5m',
  }),
  s3SignatureV2: option({
    name: 's3-signature-v2',
    kind: onOff,
    roles: ['up', 'master'],
    summary: 'Take S3 requests that are signed with the outdated Signature Version 2, too.',
    default: 'false',
  }),
  s3CustomerKeysOverHttp: option({
    name: 's3-customer-keys-over-http',
    kind: onOff,
    roles: ['up', 'master'],
    summary:
      'Take encryption keys of clients (SSE-C) over plain HTTP, too, where others on the way can read them. ' +
      'Over TLS, and from trusted proxies whose clients used TLS, they are always taken.',
    default: 'false',
  }),
  internalPort: option({
    name: 'internal-port',
    kind: port({ orAny: true }),
    roles: ['up', 'master'],
    summary: 'Port of the master at which workers connect.',
    default: '7000',
  }),
  workerPort: option({
    name: 'worker-port',
    alias: 'port',
    kind: port({ orAny: true }),
    roles: ['worker'],
    summary: 'Port of the worker at which other workers connect.',
    default: '7001',
  }),
  firstWorkerPort: option({
    name: 'first-worker-port',
    kind: port({ orAny: true }),
    roles: ['up'],
    summary: 'Port of the first worker; the others take the following ones.',
    default: '7001',
  }),
  observePort: option({
    name: 'observe-port',
    kind: port({ orAny: true }),
    roles: ['up', 'master', 'worker'],
    summary:
      'Port for those who run the node: metrics, health and profiles. With `up` that of the master; the workers take ' +
      'the following ones. Where it is in use, a free one is taken.',
    default: '6060',
    byRole: { worker: '6061' },
  }),
  observeHost: option({
    name: 'observe-host',
    kind: host,
    roles: ['up', 'master', 'worker'],
    summary: 'Address to listen at for those who run the node. Anybody who reaches it can read metrics and health.',
    default: '127.0.0.1',
  }),
  openProfiling: option({
    name: 'open-profiling',
    kind: onOff,
    roles: ['up', 'master', 'worker'],
    summary: 'Give profiles to everybody who reaches `observe-host`, also where it is not loopback.',
    default: 'false',
  }),
  advertisedAddress: optional({
    name: 'advertise',
    kind: hostAndPort,
    roles: ['master', 'worker'],
    summary: 'Internal address that other nodes are told, where it is not the one that this node listens at.',
    absence: 'the address it listens at',
  }),
  masters: option({
    name: 'master',
    kind: list(hostAndPort, { max: 16 }),
    roles: ['worker'],
    summary: 'Internal addresses of all masters.',
    default: '127.0.0.1:7000',
  }),
  committer: optional({
    name: 'committer',
    kind: hostAndPort,
    roles: ['master'],
    summary: 'Internal address of the process of this master that commits.',
    absence: 'this process commits',
    sources: ['flag'],
    isHidden: true,
  }),
  sharePort: option({
    name: 'share-port',
    kind: onOff,
    roles: ['master'],
    summary: 'Other processes of this master listen at the same port.',
    default: 'false',
    sources: ['flag'],
    isHidden: true,
  }),
  tlsCert: optional({
    name: 'tls-cert',
    kind: path,
    roles: ['up', 'master'],
    summary:
      'Certificate of the public ports in PEM form, with those between it and its authority; read again when it changes.',
    absence: 'the port speaks plain HTTP',
  }),
  tlsKey: optional({
    name: 'tls-key',
    kind: path,
    roles: ['up', 'master'],
    summary: 'Private key of that certificate, in PEM form.',
    absence: 'the port speaks plain HTTP',
  }),
  internalTls: option({
    name: 'internal-tls',
    kind: onOff,
    roles: ['up', 'master', 'worker'],
    summary: 'Encrypt what nodes send each other, by keys that come from the cluster’s secret; the same on all nodes.',
    default: 'false',
  }),
  // Size and shape
  workers: option({
    name: 'workers',
    kind: wholeNumber({ min: 1, max: 64 }),
    roles: ['up'],
    summary: 'How many workers are started; at least k+m of the scheme.',
    default: '5',
  }),
  processes: option({
    name: 'processes',
    kind: wholeNumber({ min: 1, max: 64 }),
    roles: ['up'],
    summary: 'How many processes the master has.',
    default: '1',
  }),
  scheme: option({
    name: 'scheme',
    kind: scheme,
    roles: ['up', 'master'],
    summary: 'Redundancy of what is written from now on: data and parity columns. Any m workers can be lost.',
    default: '3+2',
  }),
  chunkSizeBytes: option({
    name: 'chunk-size',
    kind: size({ min: chunkSizeBytesMin, max: chunkSizeBytesMax }),
    roles: ['up', 'master'],
    summary: 'Size of the chunks of what is written from now on.',
    default: '10KiB',
  }),
  memoryBytes: option({
    name: 'memory',
    kind: size({ min: 16 * MIB, max: 64 * GIB }),
    roles: ['up', 'master'],
    summary: 'Budget of each process of the master for the bytes of uploads and downloads under way.',
    default: '96MiB',
  }),
  zone: optional({
    name: 'zone',
    kind: zoneName,
    roles: ['worker'],
    summary: 'What fails together with the worker (machine, rack, room); a file’s pieces are spread over zones.',
    absence: 'a zone of its own',
  }),
  capacityBytes: optional({
    name: 'capacity',
    kind: size({ min: 16 * MIB, max: capacityMax }),
    roles: ['up', 'worker'],
    summary: 'How much each worker stores at most; then it refuses writes.',
    absence: 'as much as its file system holds',
  }),
  reserveBytes: option({
    name: 'reserve',
    kind: size({ min: 0, max: capacityMax }),
    roles: ['up', 'worker'],
    summary: 'Space of the file system that each worker leaves free; below it, it refuses writes.',
    default: '512MiB',
  }),
  scrubCycleMs: option({
    name: 'scrub-cycle',
    kind: duration({ min: MINUTE_MS, max: 365 * DAY_MS }),
    roles: ['up', 'worker'],
    summary: 'How long a worker takes to read and check everything that it stores; at least one segment a day is read.',
    default: '336h',
  }),
  // Behaviour
  rootUser: optional({
    name: 'root-user',
    kind: word({
      placeholder: 'name',
      expects: '3 to 64 letters, digits, dots, hyphens, underscores, @ or +',
      pattern: /^[A-Za-z0-9._@+-]{3,64}$/,
    }),
    roles: ['up', 'master'],
    summary:
      'Name of an administrator, who is made or changed at each start to be what the configuration says; also its S3 access key.',
    absence: 'on loopback the first start makes one and prints its password once; elsewhere one must be stored',
    sources: ['variable'],
  }),
  rootPassword: optional({
    name: 'root-password',
    kind: secret({ expects: '8 to 256 visible ASCII characters', pattern: /^[\x21-\x7e]{8,256}$/ }),
    roles: ['up', 'master'],
    summary: 'Password of that administrator; also its S3 secret.',
    absence: 'there is no such administrator',
    sources: ['variable'],
  }),
  requireUsers: option({
    name: 'require-users',
    kind: onOff,
    roles: ['up', 'master'],
    summary: 'Serve only who shows valid credentials, on loopback too.',
    default: 'false',
  }),
  openAccess: option({
    name: 'open-access',
    kind: onOff,
    roles: ['up', 'master'],
    summary: 'Serve also who shows no credentials, at an address that is not loopback.',
    default: 'false',
  }),
  auditLog: option({
    name: 'audit-log',
    kind: choice(['off', 'changes', 'all']),
    roles: ['up', 'master'],
    summary:
      'What the audit log (`audit` in the data directory) holds: every refusal and every change that was allowed, or reads too.',
    default: 'changes',
  }),
  auditLogBytes: option({
    name: 'audit-log-size',
    kind: size({ min: MIB, max: 1024 * GIB }),
    roles: ['up', 'master'],
    summary: 'Size of all files of the audit log together; the oldest are removed.',
    default: '256MiB',
  }),
  allowedHosts: optional({
    name: 'allowed-hosts',
    kind: list(host, { max: 64 }),
    roles: ['up', 'master'],
    summary: 'Names by which the server may be addressed on loopback, besides those of loopback.',
    absence: 'none',
  }),
  allowedOrigins: optional({
    name: 'allowed-origins',
    kind: list(originUrl, { max: 64 }),
    roles: ['up', 'master'],
    summary: 'Other origins whose web pages may change something.',
    absence: 'none',
  }),
  trustedProxies: optional({
    name: 'trusted-proxies',
    kind: list(network, { max: 64 }),
    roles: ['up', 'master'],
    summary:
      'Proxies whose `X-Forwarded-For` says where a request comes from, for the audit log and the bound on wrong credentials, ' +
      'whose `X-Forwarded-Proto` says whether it came over TLS, and whose `X-Forwarded-Host` says which host, and so which bucket, ' +
      'an S3 client asked for. That one a proxy must set or drop, never let through as its client sent it.',
    absence: 'a request comes from where its connection comes from',
  }),
  uploadStallTimeoutMs: option({
    name: 'upload-stall-timeout',
    kind: duration({ min: SECOND_MS, max: HOUR_MS }),
    roles: ['up', 'master'],
    summary: 'An upload that sends nothing for so long is ended, and leaves nothing.',
    default: '30s',
  }),
  ...webhookOptions,
  // Healing
  workerSuspectAfterMs: option({
    name: 'worker-suspect-after',
    kind: duration({ min: SECOND_MS, max: HOUR_MS }),
    roles: ['up', 'master'],
    summary: 'A worker that is silent, or whose disk is stuck, for so long is asked last and gets no new data.',
    default: '5s',
  }),
  workerDownAfterMs: option({
    name: 'worker-down-after',
    kind: duration({ min: SECOND_MS, max: 24 * HOUR_MS }),
    roles: ['up', 'master'],
    summary: 'A worker that is silent for so long is called down, and slots on their way to it are taken back.',
    default: '30s',
  }),
  workerOutAfterMs: option({
    name: 'worker-out-after',
    kind: duration({ min: SECOND_MS, max: 168 * HOUR_MS }),
    roles: ['up', 'master'],
    summary: 'A worker that is silent for so long counts as lost: what it held is rebuilt on others.',
    default: '15m',
  }),
  compareEveryMs: option({
    name: 'compare-every',
    kind: duration({ min: SECOND_MS, max: 24 * HOUR_MS }),
    roles: ['up', 'master'],
    summary: 'How often what must exist is compared with what the workers hold.',
    default: '5m',
  }),
  repairBytesPerSecondMin: option({
    name: 'repair-rate-min',
    kind: size({ min: 64 * KIB, max: repairRateMax }),
    roles: ['up', 'master'],
    summary: 'What healing may read and write per second, all workers together, however busy they are.',
    default: '16MiB',
  }),
  repairBytesPerSecondMax: option({
    name: 'repair-rate-max',
    kind: size({ min: 64 * KIB, max: repairRateMax }),
    roles: ['up', 'master'],
    summary: 'What healing may read and write per second, all workers together, while nobody else needs them.',
    default: '512MiB',
  }),
  logLevel: option({
    name: 'log-level',
    kind: choice(['debug', 'info', 'warn', 'error', 'silent']),
    roles: ['up', 'master', 'worker', 'migrate'],
    summary: 'The least important lines that are logged.',
    default: 'info',
  }),
  accessLog: option({
    name: 'access-log',
    kind: onOff,
    roles: ['up', 'master'],
    summary: 'Log a line for each request of a client: its id, route, status, time and bytes.',
    default: 'false',
  }),
  otlpEndpoint: optional({
    name: 'otlp-endpoint',
    kind: serverUrl,
    roles: ['up', 'master', 'worker'],
    summary: 'Collector of OpenTelemetry traces (OTLP over HTTP), as http://127.0.0.1:4318.',
    absence: 'OTEL_EXPORTER_OTLP_ENDPOINT; without it, nothing is traced',
  }),
  traceOneIn: option({
    name: 'trace-one-in',
    kind: wholeNumber({ min: 1, max: 1_000_000 }),
    roles: ['up', 'master', 'worker'],
    summary: 'Of requests that bring no trace context, one in so many is traced.',
    default: '1',
  }),
  // Clients
  url: option({
    name: 'url',
    kind: serverUrl,
    roles: ['client'],
    summary: 'Address of the server.',
    default: 'http://127.0.0.1:8080',
  }),
  token: optional({
    name: 'token',
    kind: secret({ expects: '1 to 4,096 visible ASCII characters', pattern: /^[\x21-\x7e]{1,4096}$/ }),
    roles: ['client'],
    summary: 'Sent as a bearer token.',
    absence: 'nothing is sent',
    sources: ['variable', 'file'],
  }),
  caFile: optional({
    name: 'ca-file',
    kind: path,
    roles: ['client'],
    summary: 'Certificate of an authority, in PEM form, that is trusted besides those of Node.js.',
    absence: 'only those of Node.js are trusted',
  }),
  tokenFile: optional({
    name: 'token-file',
    kind: path,
    roles: ['client'],
    summary: 'File whose first line is sent as a bearer token.',
    absence: 'nothing is sent',
  }),
  user: optional({
    name: 'user',
    kind: word({
      placeholder: 'name',
      expects: '1 to 128 letters, digits or characters of + = , . @ _ -',
      pattern: /^[A-Za-z0-9+=,.@_-]{1,128}$/,
    }),
    roles: ['client'],
    summary: 'User, or id of an access key, by which a client signs in, with `password`.',
    absence: 'nothing is sent',
    sources: ['variable', 'file'],
  }),
  password: optional({
    name: 'password',
    kind: secret({ expects: '1 to 1,024 characters', pattern: /^[^\p{Cc}]{1,1024}$/u }),
    roles: ['client'],
    summary: 'Password of that user, or secret of that access key.',
    absence: 'nothing is sent',
    sources: ['variable', 'file'],
  }),
  bucket: option({
    name: 'bucket',
    kind: bucketName,
    roles: ['client'],
    summary: 'Bucket of the files.',
    default: 'default',
  }),
  timeoutMs: option({
    name: 'timeout',
    kind: duration({ min: SECOND_MS, max: HOUR_MS }),
    roles: ['client'],
    summary: 'A server that does nothing for so long, while it is its turn, has failed.',
    default: '1m',
  }),
  attemptsMax: option({
    name: 'attempts',
    kind: wholeNumber({ min: 1, max: 100 }),
    roles: ['client'],
    summary: 'How often a request is sent at most, where a repeat is safe.',
    default: '5',
  }),
} as const

export type UpConfig = ConfigOf<typeof options, 'up'>
export type MasterConfig = ConfigOf<typeof options, 'master'>
export type MigrateConfig = ConfigOf<typeof options, 'migrate'>
export type WorkerConfig = ConfigOf<typeof options, 'worker'>
export type ClientConfig = ConfigOf<typeof options, 'client'>
