// Puts one process of a master together from the real ports.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { FrostError } from './base/errors.ts'
import { fromHex, processIdFromBytes } from './base/ids.ts'
import type { ClusterId } from './base/ids.ts'
import { SECOND_MS } from './base/units.ts'
import type { MasterConfig } from './cli/config/options.ts'
import { RestCounters } from './gateway/rest/rest-counters.ts'
import { RestGateway } from './gateway/rest/rest-gateway.ts'
import { metricsText } from './main-metrics.ts'
import { defaultGroupsPerWorker, defaultOrphansEveryMs, Master } from './master/master.ts'
import { defaultExtentBytesMax } from './master/upload.ts'
import type { MetadataStore } from './meta/metadata-store.ts'
import { NodeClock } from './node/clock.ts'
import { loadOrMakeClusterId, loadOrMakeSecret, secretFileName } from './node/cluster-files.ts'
import { NodeCompute } from './node/compute.ts'
import { createLog } from './node/log.ts'
import { NodeNetwork } from './node/network.ts'
import type { RunningNode } from './node/node-process.ts'
import { NodeRandom } from './node/random.ts'
import type { Log } from './ports/log.ts'
import { FixedBodyPool } from './rpc/body-pool.ts'

/** For frames of 64 KiB and more that the master receives whole. */
const bodyMemoryBytes = 8 * 1024 * 1024
const closeGraceMs = 5 * SECOND_MS

export async function startMaster(config: MasterConfig): Promise<RunningNode> {
  refuseOpenAccess(config)
  const log = createLog({ level: config.logLevel }).with({ role: 'master' })
  const random = new NodeRandom()
  const clock = new NodeClock()
  await mkdir(config.dataDirectory, { recursive: true })
  const secret =
    config.secret === undefined
      ? await loadOrMakeSecret(config.secretFile ?? join(config.dataDirectory, secretFileName), random)
      : fromHex(config.secret)
  const clusterId = await loadOrMakeClusterId(config.dataDirectory, random)
  const metadata = await openMetadata(config, clusterId, log)
  const die = (error: Error): void => {
    log.error('The master must start anew.', error)
    process.exit(74)
  }
  const master = new Master(
    {
      clock,
      random,
      network: new NodeNetwork(),
      compute: new NodeCompute(),
      log,
      metadata,
      bodies: new FixedBodyPool({ memory: new Uint8Array(bodyMemoryBytes) }),
    },
    {
      process: processIdFromBytes(random.bytes(8)),
      clusterId,
      secret,
      internalAddress: `${config.host}:${config.internalPort}`,
      scheme: config.scheme,
      chunkSizeBytes: config.chunkSizeBytes,
      extentBytesMax: defaultExtentBytesMax,
      memoryBytes: config.memoryBytes,
      groupsPerWorker: defaultGroupsPerWorker,
      orphansEveryMs: defaultOrphansEveryMs,
      onFatal: die,
    },
  )
  await master.start()
  const rest = new RestCounters()
  const gateway = new RestGateway(
    {
      files: master.files,
      clock,
      log,
      metrics: rest,
      metricsText: metricsText({ rest, master: () => master.counts() }),
    },
    {
      sharePort: config.sharePort,
      limits: { uploadStallTimeoutMs: config.uploadStallTimeoutMs },
      ...(config.allowedHosts === undefined ? {} : { hosts: config.allowedHosts }),
      ...(config.allowedOrigins === undefined ? {} : { origins: config.allowedOrigins }),
    },
  )
  const address = await gateway.listen(config.host, config.restPort)
  const restAddress = `${address.host}:${address.port}`
  log.info('The master has started.', { rest: restAddress, internal: master.internalAddress })
  return {
    addresses: { rest: restAddress, internal: master.internalAddress },
    stop: async () => {
      await gateway.close(closeGraceMs)
      await master.stop()
      await metadata.close()
    },
  }
}

async function openMetadata(_config: MasterConfig, _clusterId: ClusterId, _log: Log): Promise<MetadataStore> {
  throw new FrostError('internal', 'not wired yet')
}

/** Without access control, only this machine may reach the files. */
function refuseOpenAccess({ host, openAccess }: MasterConfig): void {
  const isLoopback = host === 'localhost' || host === '::1' || /^127\./.test(host)
  if (isLoopback || openAccess) return
  throw new FrostError('config-invalid', `The master would serve ${host} to everybody who reaches it.`, {
    remedy: 'Bind to 127.0.0.1, or ask for open access by name with --open-access.',
  })
}
