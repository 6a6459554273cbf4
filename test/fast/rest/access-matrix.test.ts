// Who may send what: role × grant × credential × call, each cell's status; and every credential that is wrong, expired, disabled,
// revoked or altered, which is a 401 for every call. What is expected stands here by itself, and is not asked of the code.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'

import type { AccessLevel, UserRole } from '../../../src/meta/contract/access-rows.ts'
import { exactPaths, findRoute } from '../../../src/gateway/rest/routes.ts'
import { AccessWorld, basic, bearer } from './access-world.ts'
import { codeOf, Harness } from './harness.ts'
import type { Answer, RequestOptions } from './harness.ts'

type Headers = Readonly<Record<string, string>>

interface Scene {
  readonly rest: Harness
  readonly world: AccessWorld
  /** Makes something new to be changed or removed. */
  readonly victim: () => Promise<string>
}

interface CallUnderTest {
  readonly name: string
  /** Roles that may, whatever they are granted. */
  readonly roles: readonly UserRole[]
  /** Levels in the bucket `shared` by which others may. */
  readonly grants: readonly AccessLevel[]
  /** A token that is limited to reading in `shared` may, where its user may. */
  readonly readToken: boolean
  /** Where it is allowed. */
  readonly status: number
  readonly send: (scene: Scene, headers: Headers) => Promise<Answer>
}

const everybody = ['admin', 'writer', 'reader', 'none'] as const
const readers = ['admin', 'writer', 'reader'] as const
const writers = ['admin', 'writer'] as const
const administrators = ['admin'] as const
const fromRead = ['read', 'write', 'admin'] as const
const fromWrite = ['write', 'admin'] as const

function call(
  line: string,
  may: { roles: readonly UserRole[]; grants?: readonly AccessLevel[]; readToken?: boolean; status?: number },
  more: { body?: unknown; target?: (scene: Scene) => Promise<string> } = {},
): CallUnderTest {
  const [method = '', path = ''] = line.split(' ')
  const { roles, grants = [], readToken = false, status = 200 } = may
  const send = async (scene: Scene, headers: Headers): Promise<Answer> => {
    const target = (await more.target?.(scene)) ?? path
    const json = more.body === undefined ? {} : { body: JSON.stringify(more.body) }
    const type = more.body === undefined ? {} : { 'Content-Type': 'application/json' }
    const options: RequestOptions = { method, headers: { ...headers, ...type }, ...json }
    return scene.rest.request(target, options)
  }
  return { name: line, roles, grants, readToken, status, send }
}

const file = 'bucket=shared&filename=name'

const calls: readonly CallUnderTest[] = [
  call('GET /files?bucket=shared', { roles: readers, grants: fromRead, readToken: true }),
  call('GET /files', { roles: readers }),
  call('GET /download/name?bucket=shared', { roles: readers, grants: fromRead, readToken: true }),
  call('HEAD /download/name?bucket=shared', { roles: readers, grants: fromRead, readToken: true }),
  call(`GET /download?${file}`, { roles: readers, grants: fromRead, readToken: true }),
  call(`GET /api/v1/stat?${file}`, { roles: readers, grants: fromRead, readToken: true }),
  call(`GET /api/v1/layout?${file}`, { roles: readers, grants: fromRead, readToken: true }),
  call(`GET /api/v1/verify?${file}`, { roles: readers, grants: fromRead, readToken: true }),
  call(`PUT /upload?bucket=shared&filename=new`, { roles: writers, grants: fromWrite, status: 201 }),
  call(`POST /upload?bucket=shared&filename=new`, { roles: writers, grants: fromWrite, status: 201 }),
  call(`PUT /upload?filename=new`, { roles: writers, status: 201 }),
  call(`DELETE /delete?${file}`, { roles: writers, grants: fromWrite }),
  call(`POST /api/v1/share-links?${file}`, { roles: readers, grants: fromRead, status: 201 }, { body: {} }),
  call('GET /api/v1/buckets', { roles: everybody, readToken: true }),
  call('PUT /api/v1/buckets?bucket=another', { roles: administrators, status: 201 }),
  call('POST /api/v1/buckets?bucket=another', { roles: administrators, status: 201 }),
  call(
    'PATCH /api/v1/buckets?bucket=shared',
    { roles: administrators, grants: ['admin'] },
    { body: { versioning: 'enabled' } },
  ),
  call('PATCH /api/v1/buckets?bucket=shared', { roles: administrators }, { body: { quotaBytes: 5000 } }),
  call('PATCH /api/v1/buckets?bucket=shared', { roles: administrators }, { body: { owner: 'other' } }),
  call('DELETE /api/v1/buckets?bucket=empty', { roles: administrators }),
  call('GET /api/v1/grants?bucket=shared', { roles: administrators, grants: ['admin'] }),
  call('GET /api/v1/grants?user=other', { roles: administrators }),
  call('PUT /api/v1/grants?bucket=shared&user=other&level=read', { roles: administrators, grants: ['admin'] }),
  call('DELETE /api/v1/grants?bucket=shared&user=other', { roles: administrators, grants: ['admin'] }),
  call('GET /api/v1/cluster', { roles: readers }),
  call('GET /api/v1/rebuild-metadata', { roles: readers }),
  call('GET /metrics', { roles: readers, status: 404 }),
  call('POST /api/v1/rebuild-metadata', { roles: administrators, status: 202 }),
  call('POST /api/v1/allow-orphans?worker=0123456789abcdef', { roles: administrators }),
  call('POST /api/v1/repair', { roles: administrators, status: 202 }),
  call('POST /api/v1/scrub', { roles: administrators, status: 202 }),
  call(`POST /api/v1/workers/${'1'.repeat(16)}/drain`, { roles: administrators, status: 202 }),
  call(`DELETE /api/v1/workers/${'1'.repeat(16)}/drain`, { roles: administrators }),
  call(`DELETE /api/v1/workers/${'9'.repeat(16)}`, { roles: administrators, status: 404 }),
  call('GET /api/v1/users', { roles: administrators }),
  call('POST /api/v1/users', { roles: administrators, status: 409 }, { body: { name: 'other', role: 'admin' } }),
  call('PATCH /api/v1/users?user=other', { roles: administrators }, { body: { role: 'none' } }),
  call(
    'DELETE /api/v1/users',
    { roles: administrators },
    { target: async ({ victim }) => `/api/v1/users?user=${await victim()}` },
  ),
  call('GET /api/v1/self', { roles: everybody, readToken: true }),
  call('PATCH /api/v1/self', { roles: everybody }, { body: { displayName: 'Me' } }),
  call('GET /api/v1/keys', { roles: everybody }),
  call('GET /api/v1/keys?user=other', { roles: administrators }),
  call('POST /api/v1/keys', { roles: everybody, status: 201 }, { body: {} }),
  call('POST /api/v1/keys', { roles: administrators, status: 201 }, { body: { user: 'other' } }),
  call('GET /api/v1/tokens', { roles: everybody }),
  call('GET /api/v1/tokens?user=other', { roles: administrators }),
  call('POST /api/v1/tokens', { roles: everybody, status: 201 }, { body: {} }),
  call('POST /api/v1/tokens', { roles: administrators, status: 201 }, { body: { user: 'other' } }),
  call('GET /api/v1/encryption-keys', { roles: administrators }),
  call('POST /api/v1/encryption-keys', { roles: administrators, status: 409 }, { body: { id: 'named' } }),
  call('PATCH /api/v1/encryption-keys?id=named', { roles: administrators }, { body: { enabled: true } }),
  call('POST /api/v1/encryption-keys/rotate?id=named', { roles: administrators }),
  call('GET /api/v1/share-links', { roles: everybody }),
  call('GET /api/v1/share-links?user=other', { roles: administrators }),
]

/** Of what belongs to somebody else, others are told that it is not there. */
const others: readonly {
  readonly method: string
  readonly path: string
  readonly make: (scene: Scene) => Promise<string>
}[] = [
  {
    method: 'DELETE',
    path: '/api/v1/keys',
    make: async ({ world }) => (await world.access.accounts.createKey({ user: 'other' })).row.id,
  },
  {
    method: 'PATCH',
    path: '/api/v1/keys',
    make: async ({ world }) => (await world.access.accounts.createKey({ user: 'other' })).row.id,
  },
  {
    method: 'DELETE',
    path: '/api/v1/tokens',
    make: async ({ world }) => (await world.access.accounts.createToken({ user: 'other' })).row.id,
  },
  {
    method: 'DELETE',
    path: '/api/v1/share-links',
    make: async ({ world }) => {
      const expiresMs = Date.now() + 60_000
      return (await world.access.shareLinks.create({ user: 'other', bucket: 'shared', key: 'name', expiresMs })).row.id
    },
  },
]

async function openScene(): Promise<Scene & AsyncDisposable> {
  const world = await AccessWorld.open({ isPatient: true })
  const rest = await Harness.start({ access: world.access, keys: world.access.keys })
  await world.access.keys.create({ id: 'named' })
  let count = 0
  await world.access.accounts.createUser({ name: 'root', role: 'admin', password: 'root-password' })
  await world.access.accounts.createUser({ name: 'other', role: 'reader' })
  for (const bucket of ['shared', 'empty']) {
    await world.metadata.createBucket({ name: bucket, createdMs: 1 })
    await rest.files.createBucket(bucket)
  }
  const victim = async (): Promise<string> => {
    const name = `victim-${++count}`
    await world.access.accounts.createUser({ name, role: 'none' })
    return name
  }
  return { rest, world, victim, [Symbol.asyncDispose]: async () => rest[Symbol.asyncDispose]() }
}

/** What calls before this one have changed is put back. */
async function reset({ rest, world }: Scene): Promise<void> {
  rest.files.store('name', Buffer.from('content'), { bucket: 'shared' })
  await rest.files.removeBucket('another').catch(() => undefined)
  await rest.files.createBucket('empty').catch(() => undefined)
  await world.access.accounts.grant('other', 'shared', 'write')
}

interface Sender {
  readonly headers: Headers
  readonly isReadToken: boolean
}

async function makeSenders({ world }: Scene): Promise<Readonly<Record<string, Sender>>> {
  const { accounts } = world.access
  const key = await accounts.createKey({ user: 'subject' })
  const token = await accounts.createToken({ user: 'subject' })
  const limited = await accounts.createToken({ user: 'subject', scope: { level: 'read', buckets: ['shared'] } })
  return {
    'password': { headers: basic('subject', 'the-password'), isReadToken: false },
    'access key': { headers: basic(key.row.id, key.secret), isReadToken: false },
    'token': { headers: bearer(token.text), isReadToken: false },
    'token to read in one bucket': { headers: bearer(limited.text), isReadToken: true },
  }
}

describe('role × grant × credential × call', () => {
  for (const role of everybody) {
    for (const grant of [undefined, ...fromRead] as const) {
      test(`${role} with ${grant ?? 'no'} grant`, async () => {
        await using scene = await openScene()
        const { accounts } = scene.world.access
        await accounts.createUser({ name: 'subject', role, password: 'the-password' })
        if (grant !== undefined) await accounts.grant('subject', 'shared', grant)
        const senders = await makeSenders(scene)
        for (const [kind, { headers, isReadToken }] of Object.entries(senders)) {
          for (const each of calls) {
            await reset(scene)
            const may = each.roles.includes(role) || (grant !== undefined && each.grants.includes(grant))
            const expected = may && (!isReadToken || each.readToken) ? each.status : 403
            const { status } = await each.send(scene, headers)
            assert.equal(status, expected, `${each.name} as ${role} with grant ${grant ?? 'none'} by ${kind}`)
          }
          for (const { method, path, make } of others) {
            const expected = isReadToken ? 403 : role === 'admin' ? 200 : 404
            const body = method === 'PATCH' ? { body: '{}' } : {}
            const options = { method, headers: { ...headers, 'Content-Type': 'application/json' }, ...body }
            const { status } = await scene.rest.request(`${path}?id=${await make(scene)}`, options)
            assert.equal(status, expected, `${method} ${path} of another as ${role} by ${kind}`)
          }
        }
      })
    }
  }

  test('every call of every route is in the matrix', () => {
    const sent = new Set([
      ...calls.map(({ name }) => name.replace(/\?.*$/, '')),
      ...others.map(({ method, path }) => `${method} ${path}`),
    ])
    for (const path of exactPaths()) {
      for (const [method, { action }] of findRoute(path)?.calls ?? []) {
        if (action !== 'public' && method !== 'HEAD') assert.ok(sent.has(`${method} ${path}`), `${method} ${path}`)
      }
    }
  })
})

describe('credentials that are no good', () => {
  const day = 24 * 3_600_000

  /** Each makes headers that were good, or nearly are. */
  const bad: Readonly<Record<string, (scene: Scene) => Promise<Headers>>> = {
    'none': async () => Promise.resolve({}),
    'of an unknown scheme': async () => Promise.resolve({ Authorization: 'Digest username="root"' }),
    'a wrong password': async () => Promise.resolve(basic('root', 'root-passwore')),
    'an unknown user': async () => Promise.resolve(basic('nobody', 'root-password')),
    'the password of a user without one': async () => Promise.resolve(basic('other', '')),
    'the password of a disabled user': async ({ world }) => {
      await world.access.accounts.createUser({ name: 'off', role: 'admin', password: 'off-password', enabled: false })
      return basic('off', 'off-password')
    },
    'the password of a removed user': async ({ world, rest }) => {
      await world.access.accounts.createUser({ name: 'gone', role: 'admin', password: 'gone-password' })
      assert.equal((await rest.request('/files', { headers: basic('gone', 'gone-password') })).status, 200)
      await world.access.accounts.removeUser('gone')
      return basic('gone', 'gone-password')
    },
    'a former password': async ({ world, rest }) => {
      await world.access.accounts.createUser({ name: 'changed', role: 'admin', password: 'old-password' })
      assert.equal((await rest.request('/files', { headers: basic('changed', 'old-password') })).status, 200)
      await world.access.accounts.changeUser('changed', { password: 'new-password' })
      return basic('changed', 'old-password')
    },
    'an access key with a wrong secret': async ({ world }) => {
      const { row, secret } = await world.access.accounts.createKey({ user: 'root' })
      return basic(row.id, tamper(secret))
    },
    'an access key with another id': async ({ world }) => {
      const { row, secret } = await world.access.accounts.createKey({ user: 'root' })
      return basic(tamper(row.id), secret)
    },
    'a disabled access key': async ({ world, rest }) => {
      const { row, secret } = await world.access.accounts.createKey({ user: 'root' })
      assert.equal((await rest.request('/files', { headers: basic(row.id, secret) })).status, 200)
      await world.access.accounts.changeKey(row.id, { enabled: false })
      return basic(row.id, secret)
    },
    'an expired access key': async ({ world }) => {
      const { row, secret } = await world.access.accounts.createKey({ user: 'root', expiresMs: Date.now() + day })
      await world.metadata.changeAccessKey({ id: row.id, expiresMs: Date.now() - 1 })
      return basic(row.id, secret)
    },
    'a removed access key': async ({ world, rest }) => {
      const { row, secret } = await world.access.accounts.createKey({ user: 'root' })
      assert.equal((await rest.request('/files', { headers: basic(row.id, secret) })).status, 200)
      await world.access.accounts.removeKey(row.id)
      return basic(row.id, secret)
    },
    'a token with one character altered': async ({ world }) =>
      bearer(tamper((await world.access.accounts.createToken({ user: 'root' })).text)),
    'an expired token': async ({ world }) => {
      const made = await world.access.accounts.createToken({ user: 'root', expiresMs: Date.now() + day })
      await world.metadata.removeToken({ id: made.row.id })
      await world.metadata.createToken({ ...made.row, expiresMs: Date.now() - 1 })
      return bearer(made.text)
    },
    'a removed token': async ({ world, rest }) => {
      const { row, text } = await world.access.accounts.createToken({ user: 'root' })
      assert.equal((await rest.request('/files', { headers: bearer(text) })).status, 200)
      await world.access.accounts.removeToken(row.id)
      return bearer(text)
    },
    'a token of a disabled user': async ({ world, rest }) => {
      await world.access.accounts.createUser({ name: 'idle', role: 'admin' })
      const { text } = await world.access.accounts.createToken({ user: 'idle' })
      assert.equal((await rest.request('/files', { headers: bearer(text) })).status, 200)
      await world.access.accounts.changeUser('idle', { enabled: false })
      return bearer(text)
    },
  }

  for (const [kind, make] of Object.entries(bad)) {
    test(`${kind}: 401 for every call, and it happens to nothing`, async () => {
      await using scene = await openScene()
      await reset(scene)
      const headers = await make(scene)
      const before = JSON.stringify(await scene.world.metadata.listUsers({ limit: 100 }))
      for (const each of calls) {
        const answer = await each.send(scene, headers)
        assert.equal(answer.status, 401, each.name)
        assert.match(String(answer.headers['www-authenticate']), /Basic realm="FrostByte"/)
      }
      assert.equal((await scene.rest.files.head({ bucket: 'shared', key: 'name' }))?.sizeBytes, 7)
      const users = await scene.world.metadata.listUsers({ limit: 100 })
      assert.equal(JSON.stringify(users.filter(({ name }) => !name.startsWith('victim'))), before)
    })
  }

  test('a revocation is seen elsewhere after a second', async () => {
    await using scene = await openScene()
    const { row, text } = await scene.world.access.accounts.createToken({ user: 'root' })
    await using other = await Harness.start({ access: scene.world.elsewhere })
    const status = async (): Promise<number> => (await other.request('/files', { headers: bearer(text) })).status
    assert.equal(await status(), 200)
    await scene.world.access.accounts.removeToken(row.id)
    while ((await status()) === 200) await setTimeout(20)
    assert.equal(await status(), 401)
  })
})

describe('open access', () => {
  test('lets everybody in who shows nothing, and holds everybody else to what he shows', async () => {
    const world = await AccessWorld.open({ isOpen: true })
    await using rest = await Harness.start({ access: world.access })
    await world.access.accounts.createUser({ name: 'reader', role: 'reader', password: 'the-password' })
    const put = async (headers: Headers): Promise<Answer> =>
      rest.request('/upload?filename=a', { method: 'PUT', headers, body: 'x' })
    assert.equal((await put({})).status, 201)
    assert.equal((await put(basic('reader', 'wrong-password'))).status, 401)
    const refused = await put(basic('reader', 'the-password'))
    assert.equal(refused.status, 403)
    assert.equal(codeOf(refused), 'access-denied')
    assert.equal((await rest.request('/files', { headers: basic('reader', 'the-password') })).status, 200)
  })
})

/** With another character in the place of the last but one. */
function tamper(text: string): string {
  const at = text.length - 2
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}
