// Puts one process of a master together from the real ports.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { FrostError } from './base/errors.ts'
import { fromHex, processIdFromBytes, toHex } from './base/ids.ts'
import { SECOND_MS } from './base/units.ts'
import type { MasterConfig } from './cli/config/options.ts'
import { RestGateway } from './gateway/rest/rest-gateway.ts'
import { startAccess } from './main-access.ts'
import type { LmdbFigures } from './main-metrics-master.ts'
import { ObservedMaster } from './main-observed-master.ts'
import { startObserving } from './main-observe.ts'
import { defaultGroupBytesPerSlotMax, defaultGroupsPerWorker, defaultOrphansEveryMs, Master } from './master/master.ts'
import type { RestAccess } from './gateway/rest/access-parts.ts'
import type { FileService } from './master/file-service.ts'
import type { MasterOptions } from './master/master.ts'
import { defaultExtentBytesMax } from './master/upload.ts'
import { CommitterLink } from './master/committer-link.ts'
import { answerCommand, ForwardingRunner } from './meta/forwarding.ts'
import { KeyValueMetadata, LocalRunner } from './meta/key-value-metadata.ts'
import type { MetadataStore } from './meta/metadata-store.ts'
import { NodeClock } from './node/clock.ts'
import { loadOrMakeClusterId, loadOrMakeSecret, secretFileName } from './node/cluster-files.ts'
import { NodeCompute } from './node/compute.ts'
import { NodeDisk } from './node/disk.ts'
import { NodeFaults } from './node/faults.ts'
import { LmdbKeyValue } from './node/lmdb-key-value.ts'
import { createLog } from './node/log.ts'
import { NodeNetwork } from './node/network.ts'
import { joinHostPort } from './node/host-port.ts'
import type { RunningNode } from './node/node-process.ts'
import { NodeRandom } from './node/random.ts'
import type { Clock } from './ports/clock.ts'
import type { Log } from './ports/log.ts'
import { FixedBodyPool } from './rpc/body-pool.ts'
import type { RpcNode } from './rpc/connect.ts'
import { methods } from './rpc/messages/methods.ts'
import type { RpcHandler } from './rpc/peer.ts'

/** For frames of 64 KiB and more that the master receives whole. */
const bodyMemoryBytes = 8 * 1024 * 1024
const closeGraceMs = 5 * SECOND_MS
const workersComeWithinMs = 3 * SECOND_MS
const noHeader = new Uint8Array(0)

export async function startMaster(config: MasterConfig): Promise<RunningNode> {
  const log = createLog({ level: config.logLevel }).with({ role: 'master' })
  const random = new NodeRandom()
  const clock = new NodeClock()
  await mkdir(config.dataDirectory, { recursive: true })
  const secret =
    config.secret === undefined
      ? await loadOrMakeSecret(config.secretFile ?? join(config.dataDirectory, secretFileName), random)
      : fromHex(config.secret)
  const clusterId = await loadOrMakeClusterId(config.dataDirectory, random)
  const die = (error: unknown): void => {
    log.error('The master must start anew.', error)
    process.exit(74)
  }
  const identity = { kind: 'master', id: processIdFromBytes(random.bytes(8)) } as const
  const ports = { clock, random, network: new NodeNetwork(), compute: new NodeCompute(), log }
  const bodies = new FixedBodyPool({ memory: new Uint8Array(bodyMemoryBytes) })
  const node = { ports, identity, clusterId, secret, bodies }
  const observed = new ObservedMaster(clock)
  const observing = await startObserving(config, { clock, log }, observed)
  const opened = await openMetadata(config, node, { die, lmdb: observed.lmdb })
  const { metadata, handlers } = opened
  await joinCluster(config, metadata, node)
  const { access, notice, ...accessClosing } = await startAccess(config, { ...ports, metadata }, secret)
  const master = new Master(
    { ...ports, metadata, bodies },
    {
      process: identity.id,
      clusterId,
      secret,
      internalAddress: joinHostPort(config.host, config.internalPort),
      ...limitsOf(config),
      handlers,
      meter: observed.meter,
      onFatal: die,
    },
  )
  await master.start()
  const gateway = makeGateway(config, { clock, log }, { files: master.files, observed, access })
  observed.show(master, gateway)
  if (config.sharePort) await untilReadable(master, metadata, clock)
  const address = await gateway.listen(config.host, config.restPort)
  const restAddress = joinHostPort(address.host, address.port)
  if (notice !== undefined) process.stdout.write(notice)
  log.info('The master has started.', {
    rest: restAddress,
    internal: master.internalAddress,
    observe: observing.address,
  })
  return {
    addresses: { rest: restAddress, internal: master.internalAddress, observe: observing.address },
    siblings: (own, others) => observed.siblings.update(own, others),
    stop: async () => {
      await gateway.close(closeGraceMs)
      await master.stop()
      await accessClosing.close()
      await opened.close()
      await observing.close()
    },
  }
}

/** The REST face. */
function makeGateway(
  config: MasterConfig,
  ports: { readonly clock: Clock; readonly log: Log },
  parts: { readonly files: FileService; readonly access: RestAccess; readonly observed: ObservedMaster },
): RestGateway {
  const { files, access, observed } = parts
  return new RestGateway(
    { ...ports, files, access, metrics: observed.rest, metricsText: async () => await observed.metricsText() },
    {
      sharePort: config.sharePort,
      limits: { uploadStallTimeoutMs: config.uploadStallTimeoutMs },
      ...(config.allowedHosts === undefined ? {} : { hosts: config.allowedHosts }),
      ...(config.allowedOrigins === undefined ? {} : { origins: config.allowedOrigins }),
    },
  )
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

interface OpenedMetadata {
  readonly metadata: MetadataStore
  /** What the other processes of this master send here. */
  readonly handlers: ReadonlyMap<number, RpcHandler>
  /** Ends the lock of the data directory too. */
  close(): Promise<void>
}

/** One process holds the lock of the data directory and commits; the others read the same store and send it their commands. */
async function openMetadata(
  config: MasterConfig,
  node: Omit<RpcNode, 'handlers'>,
  { die, lmdb }: { readonly die: (error: unknown) => void; readonly lmdb: LmdbFigures },
): Promise<OpenedMetadata> {
  const { committer } = config
  const disk = new NodeDisk({ directory: config.dataDirectory, faults: new NodeFaults() })
  if (committer === undefined) await disk.lock()
  const directory = join(config.dataDirectory, 'metadata')
  await mkdir(directory, { recursive: true })
  const keyValue = await LmdbKeyValue.open({ file: join(directory, 'metadata.mdb'), onFailure: die, ...lmdb })
  if (committer !== undefined) {
    const link = new CommitterLink({ ...node, handlers: new Map() }, committer)
    const metadata = new KeyValueMetadata(keyValue, new ForwardingRunner(link))
    return { metadata, handlers: new Map(), close: async () => await metadata.close() }
  }
  await keyValue.claim()
  const runner = new LocalRunner(keyValue)
  const answer: RpcHandler = async (request) => {
    if (request.peer.info.identity.kind !== 'master')
      throw new FrostError('bad-request', 'Only masters send metadata commands.')
    return { header: noHeader, body: [await answerCommand(runner, request.body ?? noHeader)] }
  }
  const metadata = new KeyValueMetadata(keyValue, runner)
  return {
    metadata,
    handlers: new Map([[methods.metadataCommand, answer]]),
    close: async () => {
      await metadata.close()
      await disk.close()
    },
  }
}

/** Finds or makes the cluster in the store. @throws FrostError `directory-foreign`. */
async function joinCluster(
  config: MasterConfig,
  metadata: MetadataStore,
  node: Pick<RpcNode, 'clusterId' | 'ports'>,
): Promise<void> {
  const { clock, random } = node.ports
  const { clusterId } = node
  if (clusterId === undefined) return
  const row =
    (await metadata.getCluster()) ??
    (await metadata.createCluster({
      cluster: clusterId,
      history: toHex(random.bytes(16)),
      defaultScheme: config.scheme,
      defaultChunkSizeBytes: config.chunkSizeBytes,
      createdMs: clock.wallMs(),
    }))
  if (row.cluster === clusterId) return
  throw new FrostError('directory-foreign', `The metadata in ${config.dataDirectory} is that of another cluster.`, {
    remedy: 'Give the directory that belongs together with --data.',
  })
}
