// Puts a worker together from the real ports.

import { join } from 'node:path'

import type { WorkerConfig } from './cli/config/options.ts'
import { FrostError } from './base/errors.ts'
import { fromHex } from './base/ids.ts'
import { MIB } from './base/units.ts'
import { startTracing } from './main-tracing.ts'
import { ObservedWorker } from './main-observed-worker.ts'
import { startObserving } from './main-observe.ts'
import { NodeClock } from './node/clock.ts'
import { loadSecret } from './node/cluster-files.ts'
import { NodeCompute } from './node/compute.ts'
import { NodeDisk } from './node/disk.ts'
import { NodeFaults } from './node/faults.ts'
import { LmdbIndexFactory } from './node/index-lmdb.ts'
import { internalTlsKey } from './node/internal-tls.ts'
import { createLog } from './node/log.ts'
import { NodeNetwork } from './node/network.ts'
import { joinHostPort } from './node/host-port.ts'
import type { RunningNode } from './node/node-process.ts'
import { NodeRandom } from './node/random.ts'
import { FixedBodyPool } from './rpc/body-pool.ts'
import { Worker } from './worker/worker.ts'

/** Memory for records on their way from the network to the disk. */
const bodyMemoryBytes = 24 * MIB

export async function startWorker(config: WorkerConfig): Promise<RunningNode> {
  const log = createLog({ level: config.logLevel }).with({ role: 'worker' })
  const clock = new NodeClock()
  const faults = new NodeFaults(process.env['FROSTBYTE_FAULTS'])
  const secret = await workerSecret(config)
  const directory = join(config.dataDirectory, 'store')
  const observed = new ObservedWorker(clock)
  const disk = new NodeDisk({ directory, faults, syncTimes: observed.syncTimes })
  const tracing = await startTracing(config, 'worker', log)
  const worker = new Worker(
    {
      clock,
      tracer: tracing?.tracer,
      random: new NodeRandom(),
      network: new NodeNetwork(config.internalTls ? { tlsKey: internalTlsKey(secret) } : {}),
      compute: new NodeCompute(),
      log,
      disk,
      mapDisk: new NodeDisk({ directory: join(config.dataDirectory, 'map'), faults }),
      indexes: new LmdbIndexFactory(directory, { commitTimes: observed.indexCommitTimes }),
      bodies: new FixedBodyPool({ memory: disk.allocateAligned(bodyMemoryBytes) }),
    },
    {
      masters: config.masters,
      secret,
      internalAddress: joinHostPort(config.host, config.workerPort),
      ...(config.advertisedAddress === undefined ? {} : { advertisedAddress: config.advertisedAddress }),
      zone: config.zone,
      store: {
        reserveBytes: config.reserveBytes,
        scrubCycleMs: config.scrubCycleMs,
        ...(config.capacityBytes === undefined ? {} : { capacityBytes: config.capacityBytes }),
      },
      meter: observed.meter,
      onFatal: (error) => {
        log.error('The store cannot make anything durable any more; the worker ends.', error)
        process.exit(74)
      },
    },
  )
  const observing = await startObserving(config, { clock, log }, observed)
  const opened = await worker.start()
  observed.show(worker)
  log.info('The worker has started.', {
    worker: opened.workerId,
    address: worker.internalAddress,
    observe: observing.address,
    created: opened.created,
    replayedEntries: opened.replayedEntries,
    indexRebuilt: opened.indexRebuilt,
  })
  return {
    addresses: { internal: worker.internalAddress, observe: observing.address },
    stop: async () => {
      await worker.stop()
      await tracing?.close()
      await observing.close()
    },
  }
}

async function workerSecret(config: WorkerConfig): Promise<Uint8Array> {
  if (config.secret !== undefined) return fromHex(config.secret)
  if (config.secretFile !== undefined) return await loadSecret(config.secretFile)
  throw new FrostError('config-invalid', 'The worker was given no cluster secret.', {
    remedy: 'Name the file "secret" of the master\'s data directory with --secret-file, or set FROSTBYTE_SECRET.',
  })
}
