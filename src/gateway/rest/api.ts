// /api/v1/…: the state of the cluster, rebuilding its metadata, what is known of a file, and where its chunks lie.

import { FrostError } from '../../base/errors.ts'
import { parseWorkerId } from '../../base/ids.ts'
import { jsonHeaders } from '../http/exchange.ts'
import type { Exchange } from '../http/exchange.ts'
import { booleanParameter, integerParameter } from '../http/query.ts'
import type { Query } from '../http/query.ts'
import { describeCluster, describeFile, describeLayout, describeRebuild } from './json-forms.ts'
import { openApiText } from './openapi.ts'
import { fileNameOf, fileNotFound } from './rest-parts.ts'
import type { RestParts } from './rest-parts.ts'

const layoutChunksMax = 1000

export async function handleCluster(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  const state = await parts.files.cluster()
  // Read afterwards: no time in the state then looks younger than it is.
  exchange.sendJson(200, describeCluster(state, parts.clock.wallMs()))
}

export async function handleRebuild(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  exchange.sendJson(200, describeRebuild(await parts.files.rebuild()))
}

export async function handleStartRebuild(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const options = { merge: booleanParameter(query, 'merge'), force: booleanParameter(query, 'force') }
  exchange.sendJson(202, describeRebuild(await parts.files.startRebuild(options)))
}

export async function handleAllowOrphans(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const worker = parseWorkerId(query.get('worker') ?? '')
  if (worker === undefined)
    throw new FrostError('bad-request', 'The request names no worker.', { remedy: 'Give its id, as ?worker=ID.' })
  await parts.files.allowOrphans(worker)
  exchange.sendJson(200, { worker })
}

export async function handleStat(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const name = fileNameOf(query)
  const info = await parts.files.head(name)
  if (info === undefined) throw fileNotFound(name)
  exchange.sendJson(200, describeFile(info))
}

export async function handleLayout(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const name = fileNameOf(query)
  const after = integerParameter(query, 'after', { min: -1, max: Number.MAX_SAFE_INTEGER }) ?? -1
  const limit = integerParameter(query, 'limit', { min: 1, max: layoutChunksMax }) ?? layoutChunksMax
  const layout = await parts.files.layout({ ...name, after, limit })
  if (layout === undefined) throw fileNotFound(name)
  exchange.sendJson(200, describeLayout(layout))
}

export function handleOpenApi(exchange: Exchange): void {
  const headers = jsonHeaders()
  exchange.send(200, headers, openApiText())
}
