// `frostbyte up`: a whole cluster on this machine. A supervisor that starts the master's processes and the workers as
// processes of their own, each with its folder below one data directory.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { toFlags } from './cli/config/flags.ts'
import type { MasterConfig, UpConfig } from './cli/config/options.ts'
import { NodeClock } from './node/clock.ts'
import { loadOrMakeSecret, secretFileName } from './node/cluster-files.ts'
import type { RunningNode } from './node/node-process.ts'
import { probeUntilOk } from './node/http-probe.ts'
import { mallocEnvironment, nodeFlags } from './node/node-flags.ts'
import { NodeRandom } from './node/random.ts'
import { Supervisor } from './node/supervisor.ts'
import type { ChildAddresses } from './node/supervisor.ts'
import type { Log } from './ports/log.ts'

/** Workers that replay a long log may take longer; the address is told all the same. */
const readyMaxMs = 30_000
const probesPerProcess = 5
const launcher = fileURLToPath(new URL('../bin/frostbyte.js', import.meta.url))

/** What a master does as it ends (uploads under way, the last access logs) takes workers, and the process that commits. */
const stopTurns = { otherMaster: 0, committer: 1, worker: 2 } as const

/** What no worker needs to know. */
const secretsOfMasters = [
  'FROSTBYTE_ROOT_USER',
  'FROSTBYTE_ROOT_PASSWORD',
  'FROSTBYTE_METADATA_URL',
  'FROSTBYTE_WEBHOOK_TOKENS',
  'FROSTBYTE_WEBHOOK_SECRETS',
]

export async function startUp(config: UpConfig, log: Log): Promise<RunningNode> {
  await mkdir(config.dataDirectory, { recursive: true })
  const secretFile = join(config.dataDirectory, secretFileName)
  await loadOrMakeSecret(secretFile, new NodeRandom())
  const supervisor = new Supervisor({ clock: new NodeClock(), log }, { launcher })
  try {
    const masters = await startMasters(supervisor, config, secretFile)
    const internal = masters[0]?.['internal'] ?? ''
    await Promise.all(
      Array.from({ length: config.workers }, async (_, index) => {
        await supervisor.start({
          name: `worker-${index + 1}`,
          args: ['worker', ...workerFlags(config, { index, internal, secretFile })],
          nodeArgs: nodeFlags('worker', process.env['NODE_OPTIONS']),
          env: mallocEnvironment,
          withoutEnv: secretsOfMasters,
          stopTurn: stopTurns.worker,
        })
      }),
    )
    const rest = masters[0]?.['rest'] ?? ''
    if (!(await untilReady(config, masters))) {
      log.warn('The cluster cannot read and write yet; GET /readyz says why.', { rest })
    }
    return { addresses: masters[0] ?? {}, stop: async () => await supervisor.stop() }
  } catch (error) {
    await supervisor.stop()
    throw error
  }
}

/** Where the public port speaks TLS, each process is asked at its other one. */
async function untilReady(config: UpConfig, masters: readonly ChildAddresses[]): Promise<boolean> {
  if (config.tlsCert === undefined) {
    const rest = masters[0]?.['rest'] ?? ''
    return await probeUntilOk(`http://${rest}/readyz`, readyMaxMs, probesPerProcess * config.processes)
  }
  const probes = masters.map(async ({ observe }) => probeUntilOk(`http://${observe}/readyz`, readyMaxMs, 1))
  return (await Promise.all(probes)).every(Boolean)
}

function workerFlags(
  config: UpConfig,
  place: { readonly index: number; readonly internal: string; readonly secretFile: string },
): readonly string[] {
  return toFlags('worker', {
    dataDirectory: join(config.dataDirectory, `worker-${place.index + 1}`),
    secretFile: place.secretFile,
    internalTls: config.internalTls,
    masters: [place.internal],
    workerPort: config.firstWorkerPort === 0 ? 0 : config.firstWorkerPort + place.index,
    capacityBytes: config.capacityBytes,
    reserveBytes: config.reserveBytes,
    scrubCycleMs: config.scrubCycleMs,
    observeHost: config.observeHost,
    observePort: config.observePort === 0 ? 0 : config.observePort + 1 + place.index,
    openProfiling: config.openProfiling,
    otlpEndpoint: config.otlpEndpoint,
    traceOneIn: config.traceOneIn,
    logLevel: config.logLevel,
  })
}

/** Options of a master that `up` has too, and so hands on: none is forgotten. Secrets go by the environment. */
type PassedOn = Exclude<keyof MasterConfig & keyof UpConfig, Secret>
type Secret = 'metadataUrl' | 'rootUser' | 'rootPassword' | 'webhookTokens' | 'webhookSecrets'

/** The first one commits; the others reach it at its internal address. */
async function startMasters(
  supervisor: Supervisor,
  config: UpConfig,
  secretFile: string,
): Promise<readonly ChildAddresses[]> {
  const started: ChildAddresses[] = []
  for (let index = 0; index < config.processes; index++) {
    const committer = started[0]?.['internal']
    const values = {
      dataDirectory: config.dataDirectory,
      secretFile,
      host: config.host,
      restPort: config.restPort,
      s3Port: config.s3Port,
      s3Region: config.s3Region,
      s3Domains: config.s3Domains,
      s3WebsiteDomains: config.s3WebsiteDomains,
      s3AccessLogsEveryMs: config.s3AccessLogsEveryMs,
      s3Endpoints: config.s3Endpoints,
      s3SignatureV2: config.s3SignatureV2,
      s3LifecycleDayMs: config.s3LifecycleDayMs,
      s3CustomerKeysOverHttp: config.s3CustomerKeysOverHttp,
      internalPort: index === 0 ? config.internalPort : 0,
      committer,
      initiateReplicaSet: config.initiateReplicaSet,
      sharePort: config.processes > 1,
      scheme: config.scheme,
      chunkSizeBytes: config.chunkSizeBytes,
      memoryBytes: config.memoryBytes,
      openAccess: config.openAccess,
      observeHost: config.observeHost,
      observePort: index === 0 ? config.observePort : 0,
      openProfiling: config.openProfiling,
      accessLog: config.accessLog,
      otlpEndpoint: config.otlpEndpoint,
      traceOneIn: config.traceOneIn,
      requireUsers: config.requireUsers,
      trustedProxies: config.trustedProxies,
      tlsCert: config.tlsCert,
      tlsKey: config.tlsKey,
      internalTls: config.internalTls,
      auditLog: config.auditLog,
      auditLogBytes: config.auditLogBytes,
      allowedHosts: config.allowedHosts,
      allowedOrigins: config.allowedOrigins,
      uploadStallTimeoutMs: config.uploadStallTimeoutMs,
      webhooks: config.webhooks,
      workerSuspectAfterMs: config.workerSuspectAfterMs,
      workerDownAfterMs: config.workerDownAfterMs,
      workerOutAfterMs: config.workerOutAfterMs,
      compareEveryMs: config.compareEveryMs,
      repairBytesPerSecondMin: config.repairBytesPerSecondMin,
      repairBytesPerSecondMax: config.repairBytesPerSecondMax,
      logLevel: config.logLevel,
    } satisfies Readonly<Record<string, unknown>> & Readonly<Record<PassedOn, unknown>>
    const flags = toFlags('master', values)
    // Not as a flag: it may hold a password. From a file it would not reach them otherwise.
    const { metadataUrl } = config
    const environment =
      metadataUrl === undefined ? mallocEnvironment : { ...mallocEnvironment, FROSTBYTE_METADATA_URL: metadataUrl }
    const name = config.processes === 1 ? 'master' : `master-${index + 1}`
    const nodeArgs = nodeFlags('master', process.env['NODE_OPTIONS'])
    const stopTurn = index === 0 ? stopTurns.committer : stopTurns.otherMaster
    const args = ['master', ...flags]
    started.push(await supervisor.start({ name, args, nodeArgs, env: environment, group: 'master', stopTurn }))
  }
  return started
}
