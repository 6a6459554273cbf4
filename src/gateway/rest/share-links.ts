// /api/v1/share-links: links by which one file is read without credentials. GET /share/CODE: the file of such a link. Each GET that
// finds the file counts as a use, a range of it too; HEAD does not.

import { FrostError, errorCode } from '../../base/errors.ts'
import { DAY_MS } from '../../base/units.ts'
import type { ShareLinkRow } from '../../meta/contract/access-rows.ts'
import { checkUserName } from '../auth/accounts.ts'
import { decide } from '../auth/authorizer.ts'
import type { Exchange } from '../http/exchange.ts'
import { receiveJson } from '../http/json-body.ts'
import { integerParameter } from '../http/query.ts'
import type { Query } from '../http/query.ts'
import { accessOf, owns, requiredParameter, subjectOf } from './access-parts.ts'
import { requestOf } from './access-request.ts'
import { answerDownload } from './download.ts'
import { formatTime } from './json-forms.ts'
import { fileNameOf, fileNotFound } from './rest-parts.ts'
import type { RestParts } from './rest-parts.ts'

export const sharePrefix = '/share/'
const lifeDefaultMs = 7 * DAY_MS
const pageLengthMax = 1_000
const idPattern = /^[0-9a-f]{32}$/

/** `user=` for those of one user; without it, administrators get all, and others their own. */
export async function handleListShareLinks(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const { reads } = accessOf(parts)
  const isForAll = query.get('user') === undefined && decide(exchange.principal, 'user:read').isAllowed
  const user = isForAll ? undefined : checkUserName(subjectOf(exchange, parts, query.get('user'), 'user:read'))
  const limit = integerParameter(query, 'limit', { min: 1, max: pageLengthMax }) ?? pageLengthMax
  const after = query.get('after')
  if (after !== undefined && !idPattern.test(after))
    throw new FrostError('bad-request', 'after= is not the id of a link.')
  const page = { limit, ...(user === undefined ? {} : { user }), ...(after === undefined ? {} : { after }) }
  const rows = await reads.listShareLinks(page)
  exchange.sendJson(200, rows.map(describeLink))
}

export async function handleCreateShareLink(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const { shareLinks } = accessOf(parts)
  const name = fileNameOf(query)
  const fields = await receiveJson(exchange, parts.clock)
  const expiresMs = fields.time('expires') ?? parts.clock.wallMs() + lifeDefaultMs
  const usesMax = fields.wholeNumber('uses')
  fields.end()
  if ((await parts.files.head(name)) === undefined) throw fileNotFound(name)
  const { name: user = '', canonicalId } = exchange.principal.user ?? {}
  const { row, code } = await shareLinks.create({ ...name, user, canonicalId, expiresMs, usesMax })
  exchange.sendJson(201, { ...describeLink(row), path: `${sharePrefix}${code}` })
}

export async function handleRevokeShareLink(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const { reads, shareLinks } = accessOf(parts)
  const id = requiredParameter(query, 'id')
  const row = idPattern.test(id) ? await reads.getShareLink(id) : undefined
  if (row === undefined || !owns(exchange, row.user, 'user:change'))
    throw new FrostError('share-link-not-found', `There is no share link ${JSON.stringify(id)} of yours.`)
  await shareLinks.revoke(id)
  exchange.sendJson(200, { id })
}

export async function handleShare(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const { control, shareLinks } = accessOf(parts)
  const request = { ...requestOf(exchange, 'file:read', query), bucket: undefined, key: undefined }
  const refused = (error: unknown, id?: string): never => {
    control.refuse(request, errorCode(error) ?? 'failed', { kind: 'share-link', id })
    throw error
  }
  const link = await shareLinks.find(exchange.path.slice(sharePrefix.length)).catch((error: unknown) => refused(error))
  const { bucket, key, id } = link
  await control.admitLink(link, { ...request, bucket, key })
  const count = async (): Promise<void> => shareLinks.use(link).catch((error: unknown) => refused(error, id))
  await answerDownload(exchange, { bucket, key }, parts, count)
}

function describeLink(row: ShareLinkRow): object {
  const { id, user, bucket, key, createdMs, expiresMs, usesMax, uses, revoked } = row
  return {
    id,
    user: user === '' ? null : user,
    bucket,
    filename: key,
    created: formatTime(createdMs),
    expires: formatTime(expiresMs),
    usesMax: usesMax ?? null,
    uses,
    revoked,
  }
}
