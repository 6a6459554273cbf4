// What an administrator asks of the healing: draining and forgetting a worker, comparing, scrubbing, and verifying one file. What goes on
// in the background is answered with 202; GET /api/v1/cluster says how far it is.

import { FrostError } from '../../base/errors.ts'
import { parseWorkerId } from '../../base/ids.ts'
import type { WorkerId } from '../../base/ids.ts'
import type { Exchange } from '../http/exchange.ts'
import { integerParameter } from '../http/query.ts'
import type { Query } from '../http/query.ts'
import { describeVerified } from './json-forms.ts'
import { fileNameOf, fileNotFound } from './rest-parts.ts'
import type { RestParts } from './rest-parts.ts'

const workerPath = /^\/api\/v1\/workers\/([^/]+)(\/drain)?$/

const verifyBlocksMax = 1000
/** At 1,000 KiB a fragment and five columns, half a GiB to read for one answer. */
const verifyBlocksDefault = 100

/** Which of the routes that hold a worker's id. */
export function workerRouteOf(path: string): 'worker' | 'drain' | undefined {
  const match = workerPath.exec(path)
  if (match === null) return undefined
  return match[2] === undefined ? 'worker' : 'drain'
}

export async function handleForgetWorker(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  const worker = workerInPath(exchange.path)
  await parts.files.forgetWorker(worker)
  exchange.sendJson(200, { id: worker, forgotten: true })
}

export async function handleDrain(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  const worker = workerInPath(exchange.path)
  await parts.files.drain(worker)
  exchange.sendJson(202, { id: worker, draining: true })
}

export async function handleCancelDrain(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  const worker = workerInPath(exchange.path)
  await parts.files.cancelDrain(worker)
  exchange.sendJson(200, { id: worker, draining: false })
}

export async function handleRepair(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  await parts.files.repair()
  exchange.sendJson(202, { comparing: true })
}

export async function handleScrub(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  exchange.sendJson(202, { workers: await parts.files.scrub() })
}

export async function handleVerify(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const name = fileNameOf(query)
  const after = integerParameter(query, 'after', { min: -1, max: Number.MAX_SAFE_INTEGER }) ?? -1
  const limit = integerParameter(query, 'limit', { min: 1, max: verifyBlocksMax }) ?? verifyBlocksDefault
  const page = await parts.files.verify({ ...name, after, limit })
  if (page === undefined) throw fileNotFound(name)
  exchange.sendJson(200, describeVerified(page))
}

/** @throws FrostError `worker-not-found`: what is no id is no worker's either. */
function workerInPath(path: string): WorkerId {
  const text = workerPath.exec(path)?.[1] ?? ''
  const worker = parseWorkerId(text)
  if (worker !== undefined) return worker
  throw new FrostError('worker-not-found', `${JSON.stringify(text)} is not the id of a worker.`)
}
