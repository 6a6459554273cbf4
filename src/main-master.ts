// Puts one process of a master together from the real ports.

import { mkdir } from 'node:fs/promises'

import { processIdFromBytes } from './base/ids.ts'
import { SECOND_MS } from './base/units.ts'
import type { MasterConfig } from './cli/config/options.ts'
import { startAccess } from './main-access.ts'
import { startEvents, webhooksOf } from './main-events.ts'
import { startFaces } from './main-faces.ts'
import { openMetadata } from './main-metadata.ts'
import { startTracing } from './main-tracing.ts'
import { ObservedMaster } from './main-observed-master.ts'
import { startObserving } from './main-observe.ts'
import { openPublicTls } from './main-tls.ts'
import { defaultGroupBytesPerSlotMax, defaultGroupsPerWorker, defaultOrphansEveryMs, Master } from './master/master.ts'
import type { MasterOptions } from './master/master.ts'
import { defaultExtentBytesMax } from './master/upload-extents.ts'
import type { MetadataStore } from './meta/metadata-store.ts'
import { NodeClock } from './node/clock.ts'
import { NodeCompute } from './node/compute.ts'
import { internalTlsKey } from './node/internal-tls.ts'
import { createLog } from './node/log.ts'
import { NodeNetwork } from './node/network.ts'
import { joinHostPort } from './node/host-port.ts'
import type { RunningNode } from './node/node-process.ts'
import { NodeRandom } from './node/random.ts'
import { FixedBodyPool } from './rpc/body-pool.ts'

/** For frames of 64 KiB and more that the master receives whole. */
const bodyMemoryBytes = 8 * 1024 * 1024
const workersComeWithinMs = 3 * SECOND_MS

export async function startMaster(config: MasterConfig): Promise<RunningNode> {
  const log = createLog({ level: config.logLevel }).with({ role: 'master' })
  const webhooks = webhooksOf(config)
  const random = new NodeRandom()
  const clock = new NodeClock()
  await mkdir(config.dataDirectory, { recursive: true })
  const die = (error: unknown): void => {
    log.error('The master must start anew.', error)
    process.exit(74)
  }
  const identity = { kind: 'master', id: processIdFromBytes(random.bytes(8)) } as const
  const network = new NodeNetwork()
  const onSecret = (known: Uint8Array): void => {
    if (config.internalTls) network.encrypt(internalTlsKey(known))
  }
  const ports = { clock, random, network, compute: new NodeCompute(), log }
  const bodies = new FixedBodyPool({ memory: new Uint8Array(bodyMemoryBytes) })
  const tls = await openPublicTls(config, log)
  const observed = new ObservedMaster(clock)
  const observing = await startObserving(config, { clock, log }, observed)
  const tracing = await startTracing(config, 'master', log)
  const opened = await openMetadata(config, { ports, identity, bodies }, { die, lmdb: observed.lmdb, onSecret })
  const { metadata, handlers, clusterId, secret } = opened
  const { access, iam, audit, notice, ...accessClosing } = await startAccess(config, { ...ports, metadata }, secret)
  const master = new Master(
    { ...ports, metadata, bodies },
    {
      process: identity.id,
      clusterId,
      secret,
      internalAddress: joinHostPort(config.host, config.internalPort),
      ...(config.advertisedAddress === undefined ? {} : { advertisedAddress: config.advertisedAddress }),
      ...limitsOf(config),
      handlers,
      meter: observed.meter,
      onFatal: die,
    },
  )
  await master.start()
  if (config.sharePort) await untilReadable(master, metadata, clock)
  const events = startEvents(webhooks, ports, { master, metadata, region: config.s3Region })
  observed.events = events.webhooks
  const faces = await startFaces(
    config,
    { ...ports, tracer: tracing?.tracer },
    { master, metadata, access, iam, audit, secret, observed, tls, webhooks: events.webhooks },
  )
  if (notice !== undefined) process.stdout.write(notice)
  log.info('The master has started.', {
    ...faces.addresses,
    internal: master.internalAddress,
    observe: observing.address,
  })
  return {
    addresses: { ...faces.addresses, internal: master.internalAddress, observe: observing.address },
    siblings: (own, others) => observed.siblings.update(own, others),
    stop: async () => {
      tls.close()
      await faces.close()
      await master.stop()
      events.close()
      await accessClosing.close()
      await opened.close()
      await tracing?.close()
      await observing.close()
    },
  }
}

/**
 * A process that takes the place of another one shares its port with others that can serve already: clients are let in once workers have
 * connected to it too. Where too few come, it says so to the clients.
 */
async function untilReadable({ files }: Master, metadata: MetadataStore, clock: NodeClock): Promise<void> {
  const processes = await metadata.listProcesses()
  const endMs = clock.monotonicMs() + (processes.length > 1 ? workersComeWithinMs : 0)
  while (!files.readiness().canRead && clock.monotonicMs() < endMs) await clock.sleep(20)
}

/** What the configuration says of how a master works, and what is fixed. */
function limitsOf(
  config: MasterConfig,
): Omit<MasterOptions, 'process' | 'clusterId' | 'secret' | 'internalAddress' | 'onFatal'> {
  return {
    scheme: config.scheme,
    chunkSizeBytes: config.chunkSizeBytes,
    extentBytesMax: defaultExtentBytesMax,
    memoryBytes: config.memoryBytes,
    groupsPerWorker: defaultGroupsPerWorker,
    groupBytesPerSlotMax: defaultGroupBytesPerSlotMax,
    orphansEveryMs: defaultOrphansEveryMs,
    detector: { suspectAfterMs: config.workerSuspectAfterMs, downAfterMs: config.workerDownAfterMs },
    healing: {
      outAfterMs: config.workerOutAfterMs,
      compareEveryMs: config.compareEveryMs,
      repair: { floor: config.repairBytesPerSecondMin, ceiling: config.repairBytesPerSecondMax },
    },
  }
}
