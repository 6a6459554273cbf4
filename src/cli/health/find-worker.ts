// Which worker is meant: by its id, its address, or as much of the id as no other worker's begins with.

import { FrostError } from '../../base/errors.ts'
import type { ClusterStatus, WorkerStatus } from '../../sdk/index.ts'
import { UsageError } from '../failure.ts'

/** @throws FrostError `worker-not-found`; UsageError where several are meant. */
export function findWorker({ workers }: ClusterStatus, text: string): WorkerStatus {
  const exact = workers.find(({ id }) => id === text)
  if (exact !== undefined) return exact
  const named = workers.filter(({ id, address }) => address === text || (text !== '' && id.startsWith(text)))
  const [worker, other] = named
  if (worker === undefined) {
    throw new FrostError('worker-not-found', `No worker has the id or the address "${text}".`, {
      remedy: 'Look at frostbyte status.',
    })
  }
  if (other === undefined) return worker
  const all = named.map(nameOf).join(', ')
  throw new UsageError(`"${text}" could be one of ${named.length} workers: ${all}.`, 'Give more of the id.')
}

export function nameOf({ id, address }: WorkerStatus): string {
  return `${id} (${address})`
}
