// What somebody tries who wants more than he may, or wants others to have less. Each was a way once.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostError } from '../../../src/base/errors.ts'
import { AccessWorld, basic, bearer } from './access-world.ts'
import { codeOf, Harness } from './harness.ts'
import type { Answer } from './harness.ts'

type Headers = Readonly<Record<string, string>>

const admin = basic('root', 'root-password')

interface Scene extends AsyncDisposable {
  readonly world: AccessWorld
  readonly status: (path: string, headers?: Headers, method?: string) => Promise<number>
  readonly post: (path: string, headers: Headers, body: unknown) => Promise<Answer>
}

async function openScene(): Promise<Scene> {
  const world = await AccessWorld.open()
  const rest = await Harness.start({ access: world.access })
  rest.files.store('a', 'x')
  await world.access.accounts.createUser({ name: 'root', role: 'admin', password: 'root-password' })
  return {
    world,
    status: async (path, headers = {}, method = 'GET') => (await rest.request(path, { method, headers })).status,
    post: async (path, headers, body) => {
      const json = { ...headers, 'Content-Type': 'application/json' }
      return await rest.request(path, { method: 'POST', headers: json, body: JSON.stringify(body) })
    },
    [Symbol.asyncDispose]: async () => rest[Symbol.asyncDispose](),
  }
}

describe('what is made anew under an old name', () => {
  test('as a user has none of the share links of the former one', async () => {
    await using scene = await openScene()
    const { accounts, reads } = scene.world.access
    await accounts.createUser({ name: 'carl', role: 'reader', password: 'former-password' })
    const made = await scene.post('/api/v1/share-links?filename=a', basic('carl', 'former-password'), {})
    const { path } = made.json as { readonly path: string }
    assert.equal(await scene.status(path), 200)
    await accounts.removeUser('carl')
    assert.equal(await scene.status(path), 410)
    await accounts.createUser({ name: 'carl', role: 'admin', password: 'another-password' })
    assert.equal(await scene.status(path), 410)
    assert.equal((await reads.listShareLinks({ limit: 10 })).length, 1)
  })

  test('as a bucket has none of the grants of the former one, from its first request on', async () => {
    await using scene = await openScene()
    const { accounts } = scene.world.access
    await accounts.createUser({ name: 'nell', role: 'none', password: 'nells-password' })
    await scene.status('/api/v1/buckets?bucket=team', admin, 'PUT')
    await scene.world.metadata.createBucket({ name: 'team', createdMs: 1 })
    await accounts.grant('nell', 'team', 'read')
    const list = async (): Promise<number> => scene.status('/files?bucket=team', basic('nell', 'nells-password'))
    assert.equal(await list(), 200)
    await scene.world.metadata.deleteBucket({ name: 'team' })
    assert.equal(await scene.status('/api/v1/buckets?bucket=team', admin, 'DELETE'), 200)
    await scene.status('/api/v1/buckets?bucket=team', admin, 'PUT')
    assert.equal(await list(), 403)
  })
})

describe('somebody who is no administrator', () => {
  test('cannot take an id that another user’s name may need, nor find out by it who is there', async () => {
    await using scene = await openScene()
    const { accounts } = scene.world.access
    await accounts.createUser({ name: 'eve', role: 'writer', password: 'eves-password' })
    const eve = basic('eve', 'eves-password')
    for (const id of ['root', 'nobody', 'eve']) {
      const answer = await scene.post('/api/v1/keys', eve, { id })
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'access-denied'], id)
    }
    assert.equal((await scene.post('/api/v1/keys', eve, {})).status, 201)
    assert.equal((await scene.post('/api/v1/keys', admin, { id: 'IMPORTED', user: 'eve' })).status, 201)
  })
})

describe('a token', () => {
  test('is limited to names that buckets can have, so that it stays small', async () => {
    await using scene = await openScene()
    for (const bucket of ['x'.repeat(600), 'no bucket', '']) {
      const answer = await scene.post('/api/v1/tokens', admin, { level: 'read', buckets: [bucket] })
      assert.deepEqual([answer.status, codeOf(answer)], [400, 'bucket-invalid'])
    }
    assert.deepEqual(await scene.world.access.reads.listTokens('root'), [])
  })
})

describe('while metadata cannot be read', () => {
  test('nobody is let in who is not known already', async (context) => {
    await using scene = await openScene()
    const { text } = await scene.world.access.accounts.createToken({ user: 'root' })
    const key = await scene.world.access.accounts.createKey({ user: 'root' })
    const gone = async (): Promise<never> => Promise.reject(new FrostError('metadata-unavailable', 'It is gone.'))
    for (const read of ['getUser', 'getToken', 'getAccessKey', 'listGrantsOf', 'getShareLink'] as const)
      context.mock.method(scene.world.metadata, read, gone)
    for (const headers of [admin, bearer(text), basic(key.row.id, key.secret), basic('nobody', 'a-password')])
      assert.equal(await scene.status('/delete?filename=a', headers, 'DELETE'), 503)
    context.mock.restoreAll()
    assert.equal(await scene.status('/download/a', admin), 200)
  })
})

describe('wrong credentials of somebody else at the same address', () => {
  test('do not keep out a token, nor a password or a key’s secret that was right before', async () => {
    await using scene = await openScene()
    const { accounts } = scene.world.access
    const { text } = await accounts.createToken({ user: 'root' })
    const key = await accounts.createKey({ user: 'root', secret: 'the-secret-of-a-key' })
    const byKey = basic(key.row.id, 'the-secret-of-a-key')
    assert.deepEqual([await scene.status('/files', admin), await scene.status('/files', byKey)], [200, 200])
    for (let count = 0; count < 40; count++) await scene.status('/files', basic(`name-${count}`, 'wrong-password'))
    assert.equal(await scene.status('/files', basic('another', 'wrong-password')), 429)
    assert.equal(await scene.status('/files', bearer(text)), 200)
    assert.equal(await scene.status('/files', admin), 200)
    assert.equal(await scene.status('/files', byKey), 200)
    assert.equal(await scene.status('/files', basic(key.row.id, 'the-secret-of-a-kex')), 429)
    await accounts.removeKey(key.row.id)
    assert.equal(await scene.status('/files', byKey), 429)
  })
})

describe('the audit log', () => {
  test('does not hold a token that was sent as a name, as `curl -u TOKEN:` does', async () => {
    await using scene = await openScene()
    const { row, text } = await scene.world.access.accounts.createToken({ user: 'root' })
    assert.equal(await scene.status('/files', basic(text, '')), 401)
    assert.equal(scene.world.audited.at(-1)?.credentialId, row.id)
    assert.ok(!JSON.stringify(scene.world.audited).includes(text.slice(21)))
  })

  test('has lines of a bounded length, so that few requests do not push out all others', async () => {
    await using scene = await openScene()
    const long = 'x'.repeat(12_000)
    assert.equal(await scene.status(`/download?filename=${long}`), 401)
    assert.equal(await scene.status(`/api/v1/cluster?bucket=${long}`), 401)
    for (const line of scene.world.audited) assert.ok(JSON.stringify(line).length < 2_000)
  })
})
