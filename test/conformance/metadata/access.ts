// Conformance of access control: what belongs to a user goes with it, names and ids are taken once, the last administrator stays, and
// links end. Contract: src/meta/contract/access-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { DAY_MS } from '../../../src/base/units.ts'
import type { AccessKeyRow, ShareLinkRow, TokenRow, UserRow } from '../../../src/meta/contract/access-rows.ts'
import { accessKeysPerUserMax, tokensPerUserMax } from '../../../src/meta/contract/access-rows.ts'
import { rejectsWith, sceneTests, startMs } from './scene.ts'
import type { CreateStore } from './scene.ts'

function user(name: string, more: Partial<UserRow> = {}): UserRow {
  const canonicalId = Buffer.from(name).toString('hex').padEnd(64, '0')
  return { name, role: 'reader', enabled: true, canonicalId, displayName: name, createdMs: startMs, ...more }
}

function key(id: string, owner: string, more: Partial<AccessKeyRow> = {}): AccessKeyRow {
  const sealedSecret = new Uint8Array([1, 2, 3])
  return { id, user: owner, sealedSecret, enabled: true, description: '', createdMs: startMs, ...more }
}

function token(id: number, owner: string): TokenRow {
  const hash = new Uint8Array(32).fill(id)
  return { id: id.toString(16).padStart(16, '0'), user: owner, hash, description: 'test', createdMs: startMs }
}

function link(number: number, owner: string, more: Partial<ShareLinkRow> = {}): ShareLinkRow {
  const expiresMs = more.expiresMs ?? startMs + 1_000
  const id = expiresMs.toString(16).padStart(12, '0') + number.toString(16).padStart(20, '0')
  const fixed = { bucket: 'default', key: 'a', createdMs: startMs, uses: 0, revoked: false }
  return { ...fixed, ...more, id, user: owner, expiresMs }
}

const admin = user('root', { role: 'admin' })

export function accessTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: users`, () => {
    sceneTest('a user is made once, found by name and canonical id, and listed by name', async ({ store }) => {
      for (const each of ['b', 'a', 'a+b', 'C']) await store.createUser({ user: user(each) })
      assert.deepEqual(await store.getUser('a'), user('a'))
      assert.deepEqual(await store.getUserByCanonicalId(user('b').canonicalId), user('b'))
      assert.equal(await store.getUser('none'), undefined)
      assert.equal(await store.getUserByCanonicalId('f'.repeat(64)), undefined)
      assert.deepEqual(
        (await store.listUsers({ limit: 3 })).map((row) => row.name),
        ['C', 'a', 'a+b'],
      )
      assert.deepEqual(
        (await store.listUsers({ limit: 3, after: 'a' })).map((row) => row.name),
        ['a+b', 'b'],
      )
      await rejectsWith('user-exists', store.createUser({ user: user('a', { canonicalId: 'e'.repeat(64) }) }))
      await rejectsWith(
        'user-exists',
        store.createUser({ user: { ...user('new'), canonicalId: user('a').canonicalId } }),
      )
    })

    sceneTest('the first user is made once, whoever tries', async ({ store }) => {
      const made = await store.createUser({ user: admin, onlyFirst: true, key: key('root', 'root') })
      assert.deepEqual(made, admin)
      assert.deepEqual(await store.createUser({ user: user('other'), onlyFirst: true }), admin)
      assert.equal(await store.getUser('other'), undefined)
      assert.equal((await store.getAccessKey('root'))?.user, 'root')
    })

    sceneTest('a change leaves what it does not name', async ({ store }) => {
      await store.createUser({ user: user('a', { passwordHash: 'x' }) })
      await store.changeUser({ name: 'a', role: 'writer' })
      assert.deepEqual(await store.changeUser({ name: 'a', enabled: false }), {
        ...user('a', { passwordHash: 'x' }),
        role: 'writer',
        enabled: false,
      })
      await store.changeUser({ name: 'a', passwordHash: '', displayName: 'A' })
      assert.deepEqual(await store.getUser('a'), { ...user('a'), role: 'writer', enabled: false, displayName: 'A' })
      await rejectsWith('user-not-found', store.changeUser({ name: 'b', role: 'admin' }))
    })

    sceneTest('a quota is given, kept and taken back', async ({ store }) => {
      await store.createUser({ user: user('a') })
      assert.deepEqual(await store.changeUser({ name: 'a', quotaBytes: 10 }), { ...user('a'), quotaBytes: 10 })
      await store.changeUser({ name: 'a', displayName: 'A' })
      assert.deepEqual(await store.getUser('a'), { ...user('a'), displayName: 'A', quotaBytes: 10 })
      assert.deepEqual(await store.changeUser({ name: 'a', quotaBytes: 0 }), { ...user('a'), displayName: 'A' })
    })

    sceneTest('the last enabled administrator is neither removed, disabled nor demoted', async ({ store }) => {
      assert.equal(await store.hasAdministrator(), false)
      await store.createUser({ user: admin })
      assert.equal(await store.hasAdministrator(), true)
      await store.createUser({ user: user('off', { role: 'admin', enabled: false }) })
      await rejectsWith('last-administrator', store.removeUser({ name: 'root' }))
      await rejectsWith('last-administrator', store.changeUser({ name: 'root', enabled: false }))
      await rejectsWith('last-administrator', store.changeUser({ name: 'root', role: 'writer' }))
      await store.changeUser({ name: 'off', enabled: true })
      await store.removeUser({ name: 'root' })
      await rejectsWith('last-administrator', store.removeUser({ name: 'off' }))
    })

    sceneTest('with a user go its keys, tokens and grants, and nobody else’s', async ({ store }) => {
      for (const each of ['a', 'ab']) {
        await store.createUser({ user: user(each) })
        await store.createAccessKey(key(`key-${each}`, each))
        await store.createToken(token(each.length, each))
        await store.putGrant({ user: each, bucket: 'default', level: 'read', createdMs: startMs })
      }
      await store.removeUser({ name: 'a' })
      await rejectsWith('user-not-found', store.removeUser({ name: 'a' }))
      assert.equal(await store.getAccessKey('key-a'), undefined)
      assert.equal(await store.getToken(token(1, 'a').id), undefined)
      assert.deepEqual(await store.listAccessKeys('a'), [])
      assert.deepEqual(await store.listTokens('a'), [])
      assert.deepEqual(await store.listGrantsOf('a'), [])
      assert.equal(await store.getUserByCanonicalId(user('a').canonicalId), undefined)
      assert.deepEqual(await store.listAccessKeys('ab'), [key('key-ab', 'ab')])
      assert.deepEqual(await store.listTokens('ab'), [token(2, 'ab')])
      assert.deepEqual(await store.listGrantsOn('default'), [
        { user: 'ab', bucket: 'default', level: 'read', createdMs: startMs },
      ])
      await store.createUser({ user: user('a') })
      assert.deepEqual(await store.listGrantsOf('a'), [], 'a new user of that name starts with nothing')
    })

    sceneTest(
      'the configured administrator is made, changed, and takes the place of the one before',
      async ({ store }) => {
        const command = { user: { ...admin, passwordHash: '1' }, key: key('root', 'root') }
        await store.setRootUser(command)
        await store.setRootUser(command)
        assert.deepEqual(await store.getUser('root'), command.user)
        await store.changeUser({ name: 'root', displayName: 'The first' })
        const changed = { ...admin, canonicalId: 'd'.repeat(64), passwordHash: '2' }
        const sealedSecret = new Uint8Array([9])
        await store.setRootUser({ user: changed, key: key('root', 'root', { sealedSecret }) })
        assert.deepEqual(await store.getUser('root'), { ...admin, passwordHash: '2', displayName: 'The first' })
        assert.deepEqual(await store.getAccessKey('root'), key('root', 'root', { sealedSecret }))
        await store.setRootUser({ user: user('boss', { role: 'admin' }), key: key('boss', 'boss') })
        assert.equal(await store.getUser('root'), undefined)
        assert.equal(await store.getAccessKey('root'), undefined)
        assert.equal((await store.getUser('boss'))?.role, 'admin')
        await rejectsWith('last-administrator', store.removeUser({ name: 'boss' }))
      },
    )
  })

  describe(`${name}: credentials`, () => {
    sceneTest('the id of a key is taken once, and is no other user’s name', async ({ store }) => {
      for (const each of ['alice', 'bob']) await store.createUser({ user: user(each) })
      await store.createAccessKey(key('AKIA1', 'alice'))
      await store.createAccessKey(key('alice', 'alice'))
      await rejectsWith('access-key-exists', store.createAccessKey(key('AKIA1', 'bob')))
      await rejectsWith('access-key-exists', store.createAccessKey(key('bob', 'alice')))
      await rejectsWith('user-exists', store.createUser({ user: user('AKIA1') }))
      await rejectsWith('user-exists', store.setRootUser({ user: user('AKIA1'), key: key('AKIA1', 'AKIA1') }))
      await rejectsWith('user-not-found', store.createAccessKey(key('AKIA2', 'none')))
    })

    sceneTest('a key is disabled, given an end, and removed', async ({ store }) => {
      await store.createUser({ user: user('alice') })
      await store.createAccessKey(key('AKIA1', 'alice'))
      await store.changeAccessKey({ id: 'AKIA1', enabled: false })
      await store.changeAccessKey({ id: 'AKIA1', expiresMs: 5, description: 'old' })
      const changed = key('AKIA1', 'alice', { enabled: false, expiresMs: 5, description: 'old' })
      assert.deepEqual(await store.getAccessKey('AKIA1'), changed)
      await store.removeAccessKey({ id: 'AKIA1' })
      assert.equal(await store.getAccessKey('AKIA1'), undefined)
      assert.deepEqual(await store.listAccessKeys('alice'), [])
      await rejectsWith('access-key-not-found', store.removeAccessKey({ id: 'AKIA1' }))
      await rejectsWith('access-key-not-found', store.changeAccessKey({ id: 'AKIA1', enabled: true }))
    })

    sceneTest('a token is made, once however often it is asked, and removed', async ({ store }) => {
      await store.createUser({ user: user('alice') })
      const row = { ...token(1, 'alice'), scope: { level: 'read', buckets: ['default'] }, expiresMs: 7 } as const
      await store.createToken(row)
      await store.createToken(row)
      assert.deepEqual(await store.getToken(row.id), row)
      assert.deepEqual(await store.listTokens('alice'), [row])
      await store.removeToken({ id: row.id })
      assert.equal(await store.getToken(row.id), undefined)
      await rejectsWith('token-not-found', store.removeToken({ id: row.id }))
      await rejectsWith('user-not-found', store.createToken(token(2, 'none')))
    })

    sceneTest('a user has so many keys and tokens and no more', async ({ store }) => {
      await store.createUser({ user: user('alice') })
      for (let index = 0; index < accessKeysPerUserMax; index++)
        await store.createAccessKey(key(`key-${index}`, 'alice'))
      for (let index = 0; index < tokensPerUserMax; index++) await store.createToken(token(index, 'alice'))
      await rejectsWith('bad-request', store.createAccessKey(key('one-more', 'alice')))
      await rejectsWith('bad-request', store.createToken(token(1_000, 'alice')))
      await store.removeAccessKey({ id: 'key-7' })
      await store.createAccessKey(key('one-more', 'alice'))
    })
  })

  describe(`${name}: grants and share links`, () => {
    sceneTest('a grant is replaced, listed by user and by bucket, and removed', async ({ store }) => {
      await store.createBucket({ name: 'b', createdMs: startMs })
      for (const each of ['x', 'y']) await store.createUser({ user: user(each) })
      const grant = { user: 'x', bucket: 'default', level: 'read', createdMs: startMs } as const
      await store.putGrant(grant)
      await store.putGrant({ ...grant, level: 'admin' })
      await store.putGrant({ ...grant, bucket: 'b' })
      await store.putGrant({ ...grant, user: 'y' })
      assert.deepEqual(await store.listGrantsOf('x'), [
        { ...grant, bucket: 'b' },
        { ...grant, level: 'admin' },
      ])
      assert.deepEqual(
        (await store.listGrantsOn('default')).map((row) => row.user),
        ['x', 'y'],
      )
      await store.removeGrant({ user: 'x', bucket: 'default' })
      assert.deepEqual(await store.listGrantsOf('x'), [{ ...grant, bucket: 'b' }])
      await rejectsWith('grant-not-found', store.removeGrant({ user: 'x', bucket: 'default' }))
      await rejectsWith('user-not-found', store.putGrant({ ...grant, user: 'none' }))
      await rejectsWith('bucket-not-found', store.putGrant({ ...grant, bucket: 'none' }))
    })

    sceneTest('a bucket made anew does not inherit the grants of the one before', async ({ store }) => {
      await store.createUser({ user: user('x') })
      await store.createBucket({ name: 'b', createdMs: startMs })
      await store.putGrant({ user: 'x', bucket: 'b', level: 'write', createdMs: startMs })
      await store.deleteBucket({ name: 'b' })
      await store.createBucket({ name: 'b', createdMs: startMs + 1 })
      assert.deepEqual(await store.listGrantsOf('x'), [])
      assert.deepEqual(await store.listGrantsOn('b'), [])
    })

    sceneTest('a link counts its uses up to its limit, and ends when revoked or expired', async ({ store }) => {
      const limited = link(1, 'x', { usesMax: 2, canonicalId: 'c'.repeat(64) })
      const revoked = link(2, 'x')
      await store.createShareLink(limited)
      await store.createShareLink(limited)
      await store.createShareLink(revoked)
      const use = (id: string, wallMs = startMs): Promise<ShareLinkRow> => store.useShareLink({ id, wallMs })
      assert.equal((await use(limited.id)).uses, 1)
      assert.equal((await use(limited.id)).uses, 2)
      await rejectsWith('share-link-ended', use(limited.id))
      assert.deepEqual(await store.getShareLink(limited.id), { ...limited, uses: 2 })
      await store.revokeShareLink({ id: revoked.id })
      assert.equal((await store.revokeShareLink({ id: revoked.id })).revoked, true)
      await rejectsWith('share-link-ended', use(revoked.id))
      const other = link(3, 'y')
      await store.createShareLink(other)
      await rejectsWith('share-link-ended', use(other.id, other.expiresMs))
      await rejectsWith('share-link-not-found', use('f'.repeat(32)))
      await rejectsWith('share-link-not-found', store.revokeShareLink({ id: 'f'.repeat(32) }))
    })

    sceneTest('links are listed as they expire, those of a user alone too; long ended ones go', async ({ store }) => {
      const rows = [link(1, 'x'), link(2, '', { expiresMs: startMs + 5 }), link(3, 'x', { expiresMs: startMs + 9 })]
      for (const row of rows) await store.createShareLink(row)
      const ids = async (request: { user?: string; after?: string; limit: number }): Promise<readonly string[]> =>
        (await store.listShareLinks(request)).map((row) => row.id.slice(-1))
      assert.deepEqual(await ids({ limit: 10 }), ['2', '3', '1'])
      assert.deepEqual(await ids({ limit: 10, user: 'x' }), ['3', '1'])
      assert.deepEqual(await ids({ limit: 1, user: 'x', after: rows[2]?.id ?? '' }), ['1'])
      assert.deepEqual(await ids({ limit: 1, after: rows[1]?.id ?? '' }), ['3'])
      const later = link(4, 'x', { createdMs: startMs + 10 + DAY_MS, expiresMs: startMs + 2 * DAY_MS })
      await store.createShareLink(later)
      assert.deepEqual(await ids({ limit: 10 }), ['1', '4'])
      assert.deepEqual(await ids({ limit: 10, user: 'x' }), ['1', '4'])
    })

    sceneTest('each change leaves one record, without any secret', async ({ store }) => {
      const after = (await store.listChanges({ after: 0, limit: 1_000 })).at(-1)?.sequence ?? 0
      await store.createUser({ user: user('x', { passwordHash: 'hash' }), key: key('key', 'x') })
      await store.createToken(token(1, 'x'))
      await store.createShareLink(link(1, 'x'))
      const changes = await store.listChanges({ after, limit: 10 })
      assert.deepEqual(
        changes.map(({ change }) => change),
        [
          { kind: 'access', what: 'user', id: 'x' },
          { kind: 'access', what: 'token', id: token(1, 'x').id },
          { kind: 'access', what: 'share-link', id: link(1, 'x').id },
        ],
      )
    })
  })
}
