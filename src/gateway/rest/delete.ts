// DELETE /delete?filename=NAME. No other method deletes: a link, an image or a crawler only ever sends GET.

import type { Exchange } from '../http/exchange.ts'
import type { Query } from '../http/query.ts'
import { fileNameOf, fileNotFound } from './rest-parts.ts'
import type { RestParts } from './rest-parts.ts'
import { resolveWriteCondition } from './write-condition.ts'

export async function handleDelete(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const name = fileNameOf(query)
  const condition = await resolveWriteCondition(exchange.headers, name, parts)
  const causes = await parts.causes?.of(name.bucket)
  const cause = causes?.(exchange, { event: 's3:ObjectRemoved:Delete', key: name.key })
  const removed = await parts.files.remove(name, condition, cause)
  if (removed === undefined) throw fileNotFound(name)
  const { key, sizeBytes, etag, version } = removed
  exchange.sendJson(200, { filename: key, size: sizeBytes, etag, version })
}
