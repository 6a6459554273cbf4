// How the operations about users are brought to answer each status of the OpenAPI document, and how every operation is brought to refuse
// a sender. Access is open in these situations, unless they say otherwise; there are an administrator `root`, a user `alice` with a key, a
// token, a grant and a link.

import { FrostError } from '../../../src/base/errors.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { AccessWorld, basic, bearer } from './access-world.ts'
import { Harness } from './harness.ts'
import type { Answer, RequestOptions } from './harness.ts'

export interface AccessSituation {
  readonly rest: Harness
  readonly world: AccessWorld
  readonly method: string
  readonly path: string
  readonly send: (options?: RequestOptions, query?: string) => Promise<Answer>
}

type How = (situation: AccessSituation) => Promise<Answer>

const token = { current: '' }
const ids = { token: '', link: '', share: '' }

export async function openWorld(clock: Clock): Promise<AccessWorld> {
  const world = await AccessWorld.open({ clock, isOpen: true })
  const { accounts, shareLinks } = world.access
  await accounts.createUser({ name: 'root', role: 'admin', password: 'root-password' })
  await accounts.createUser({ name: 'alice', role: 'none' })
  await accounts.createKey({ user: 'alice', id: 'ALICEKEY', secret: 'alice-secret' })
  const made = await accounts.createToken({ user: 'alice', scope: { level: 'read', buckets: ['other'] } })
  await accounts.grant('alice', 'default', 'read')
  await world.access.keys.create({ id: 'named', aliases: ['alias/named'] })
  const link = await shareLinks.create({
    user: '',
    bucket: 'default',
    key: 'name',
    expiresMs: clock.wallMs() + 3_600_000,
    usesMax: 1,
  })
  token.current = made.text
  Object.assign(ids, { token: made.row.id, link: link.row.id, share: link.code })
  return world
}

function withJson(value: unknown, query?: string): How {
  const options = { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) }
  return ({ send }) => send(options, query)
}

function withQuery(query: () => string): How {
  const withBody = { headers: { 'Content-Type': 'application/json' }, body: '{}' }
  return ({ send, method }) => send(method === 'PATCH' ? withBody : {}, query())
}

/** After the metadata has gone. */
function closed(how: How): How {
  return async (situation) => {
    await situation.world.metadata.close()
    return await how(situation)
  }
}

async function slow({ rest, method, path }: AccessSituation, advance: () => Promise<void>): Promise<Answer> {
  const connection = await rest.connect()
  const query = '?user=alice&id=ALICEKEY&filename=name&bucket=default'
  const head = `${method} ${path}${query} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`
  connection.write(`${head}Content-Length: 9\r\n\r\n{`)
  const before = rest.gateway.connectionCount
  while (rest.gateway.connectionCount < before) await new Promise(setImmediate)
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
  await advance()
  return connection.response()
}

const fresh = { name: 'new', role: 'reader', password: 'long enough', displayName: 'N', canonicalId: 'a'.repeat(64) }
const aliceQuery = 'user=alice'

/** By method and path what makes it succeed, with the status. */
const successes: Readonly<Record<string, readonly [string, How]>> = {
  'get /api/v1/users': ['200', ({ send }) => send()],
  'post /api/v1/users': ['201', withJson(fresh)],
  'patch /api/v1/users': ['200', withJson({ role: 'writer' }, aliceQuery)],
  'delete /api/v1/users': ['200', ({ send }) => send({}, aliceQuery)],
  'patch /api/v1/buckets': [
    '200',
    withJson({ versioning: 'enabled', quotaBytes: 5, owner: 'alice' }, 'bucket=default'),
  ],
  'get /api/v1/self': ['200', ({ send }) => send({ headers: bearer(token.current) })],
  'patch /api/v1/self': [
    '200',
    ({ send }) => {
      const headers = { ...basic('root', 'root-password'), 'Content-Type': 'application/json' }
      return send({ headers, body: JSON.stringify({ password: 'another password' }) })
    },
  ],
  'get /api/v1/keys': ['200', ({ send }) => send({}, aliceQuery)],
  'post /api/v1/keys': ['201', withJson({ user: 'alice', expires: '2100-01-01T00:00:00Z' })],
  'patch /api/v1/keys': ['200', withJson({ enabled: false, description: 'off' }, 'id=ALICEKEY')],
  'delete /api/v1/keys': ['200', ({ send }) => send({}, 'id=ALICEKEY')],
  'get /api/v1/tokens': ['200', ({ send }) => send({}, aliceQuery)],
  'post /api/v1/tokens': ['201', withJson({ user: 'alice', level: 'write', buckets: ['default'] })],
  'delete /api/v1/tokens': ['200', ({ send }) => send({}, `id=${ids.token}`)],
  'get /api/v1/grants': ['200', ({ send }) => send()],
  'put /api/v1/grants': ['200', ({ send }) => send({}, 'user=alice&level=admin')],
  'delete /api/v1/grants': ['200', ({ send }) => send({}, aliceQuery)],
  'get /api/v1/share-links': ['200', ({ send }) => send()],
  'post /api/v1/share-links': [
    '201',
    async (situation) => {
      situation.rest.files.store('name', Buffer.from('x'))
      return await withJson({ uses: 3 })(situation)
    },
  ],
  'delete /api/v1/share-links': ['200', ({ send }) => send({}, `id=${ids.link}`)],
  'get /api/v1/encryption-keys': ['200', ({ send }) => send()],
  'post /api/v1/encryption-keys': ['201', withJson({ id: 'fresh', aliases: ['alias/fresh'] })],
  'patch /api/v1/encryption-keys': ['200', withJson({ enabled: false }, 'id=named')],
  'post /api/v1/encryption-keys/rotate': ['200', ({ send }) => send({}, 'id=named')],
  'get /share/{code}': ['200', (situation) => share(situation)],
}

async function share({ rest }: AccessSituation): Promise<Answer> {
  rest.files.store('name', Buffer.from('x'))
  return await rest.request(`/share/${ids.share}`)
}

const special: Readonly<Record<string, How>> = {
  'get /api/v1/users 400': withQuery(() => 'after=%20'),
  'get /api/v1/users 404': withQuery(() => 'user=none'),
  'patch /api/v1/buckets 404': withJson({ owner: 'none' }, 'bucket=default'),
  'patch /api/v1/buckets 503': async (situation) => {
    situation.rest.files.changeError = new FrostError('metadata-unavailable', 'Brought about.')
    return await withJson({}, 'bucket=default')(situation)
  },
  'post /api/v1/users 409': withJson({ ...fresh, name: 'alice' }),
  'patch /api/v1/users 404': withJson({}, 'user=none'),
  'patch /api/v1/users 409': withJson({ enabled: false }, 'user=root'),
  'delete /api/v1/users 404': withQuery(() => 'user=none'),
  'delete /api/v1/users 409': withQuery(() => 'user=root'),
  'get /api/v1/keys 400': withQuery(() => ''),
  'post /api/v1/keys 404': withJson({ user: 'none' }),
  'post /api/v1/keys 409': withJson({ user: 'alice', id: 'ALICEKEY' }),
  'patch /api/v1/keys 404': withQuery(() => 'id=NOKEY'),
  'delete /api/v1/keys 404': withQuery(() => 'id=NOKEY'),
  'get /api/v1/tokens 400': withQuery(() => ''),
  'post /api/v1/tokens 404': withJson({ user: 'none' }),
  'delete /api/v1/tokens 404': withQuery(() => 'id=none'),
  'get /api/v1/grants 400': withQuery(() => 'bucket='),
  'put /api/v1/grants 400': withQuery(() => 'user=alice&level=much'),
  'put /api/v1/grants 404': withQuery(() => 'user=none&level=read'),
  'delete /api/v1/grants 404': withQuery(() => 'user=root'),
  'get /api/v1/share-links 400': withQuery(() => 'limit=0'),
  'post /api/v1/share-links 404': withJson({}),
  'delete /api/v1/share-links 404': withQuery(() => `id=${'0'.repeat(32)}`),
  'post /api/v1/encryption-keys 409': withJson({ id: 'named' }),
  'patch /api/v1/encryption-keys 404': withJson({ enabled: true }, 'id=none'),
  'post /api/v1/encryption-keys/rotate 400': ({ send }) => send(),
  'post /api/v1/encryption-keys/rotate 404': withQuery(() => 'id=none'),
  'get /share/{code} 403': ({ rest }) => rest.request(`/share/${'A'.repeat(44)}`),
  'get /share/{code} 404': ({ rest }) => rest.request(`/share/${ids.share}`),
  'get /share/{code} 410': async (situation) => {
    await share(situation)
    return await share(situation)
  },
}

/** Names somebody or something for every operation that asks for it. */
const subject = 'user=alice&id=ALICEKEY&bucket=default'

/** `undefined`: not one of these operations, or a status that all operations bring about alike. */
export function findSituation(operation: string, status: string, advance: () => Promise<void>): How | undefined {
  const success = successes[operation]
  if (success === undefined) return undefined
  const hasBody = /^(post|patch) /.test(operation)
  if (status === success[0]) return success[1]
  if (special[`${operation} ${status}`] !== undefined) return special[`${operation} ${status}`]
  if (status === '400') return hasBody ? withJson({ unknown: 1 }, subject) : ({ send }) => send()
  if (status === '408') return (situation) => slow(situation, advance)
  if (status === '413') return withJson({ description: 'x'.repeat(70_000) }, subject)
  if (status === '415') return ({ send }) => send({ headers: {}, body: '{}' }, subject)
  if (status === '503') return closed(success[1])
  return undefined
}

interface RefusedRequest {
  readonly method: string
  readonly target: string
  readonly clock: Clock
}

type Refuse = (request: RefusedRequest) => Promise<Answer>

/** How every operation refuses who it does not know, or who has no right. */
export const refusals: Readonly<Record<string, Refuse>> = {
  '401': async (request) => refuse(request, () => ({})),
  '403': async (request) => refuse(request, () => bearer(token.current)),
  '429': async (request) =>
    refuse(
      request,
      () => bearer('wrong'),
      async (rest) => {
        for (let count = 0; count < 31; count++) await rest.request('/files', { headers: bearer('wrong') })
      },
    ),
}

async function refuse(
  { method, target, clock }: RefusedRequest,
  headers: () => Readonly<Record<string, string>>,
  before?: (rest: Harness) => Promise<void>,
): Promise<Answer> {
  const world = await AccessWorld.open({ clock })
  const { accounts } = world.access
  await accounts.createUser({ name: 'alice', role: 'none' })
  token.current = (await accounts.createToken({ user: 'alice', scope: { level: 'read', buckets: ['other'] } })).text
  await using rest = await Harness.start({ clock, access: world.access })
  await before?.(rest)
  return await rest.request(target, { method, headers: headers() })
}
