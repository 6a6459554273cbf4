// The audit log: a line for every refusal, with who, what and why, one for every change that was allowed, and never a secret.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { exactPaths, findRoute } from '../../../src/gateway/rest/routes.ts'
import { formatAuditLine } from '../../../src/node/audit-line.ts'
import { AccessWorld, basic, bearer } from './access-world.ts'
import { Harness } from './harness.ts'

/** Every call that asks who is there. */
function asked(): readonly { readonly method: string; readonly path: string; readonly action: string }[] {
  return exactPaths().flatMap((path) =>
    [...(findRoute(path)?.calls ?? [])].flatMap(([method, { action }]) =>
      action === 'public' ? [] : [{ method, path, action }],
    ),
  )
}

describe('the audit log', () => {
  test('has a line of every call that was refused, with the id that the answer names', async () => {
    const world = await AccessWorld.open({ isPatient: true })
    await using rest = await Harness.start({ access: world.access })
    await world.access.accounts.createUser({ name: 'alice', role: 'none', password: 'alice-password' })
    const { row, text } = await world.access.accounts.createToken({
      user: 'alice',
      scope: { level: 'read', buckets: ['other'] },
    })
    const senders = [
      { headers: {}, status: 401, user: undefined, credential: 'none', id: undefined, reason: 'no credentials' },
      {
        headers: basic('alice', 'wrong-password'),
        status: 401,
        credential: 'password',
        id: 'alice',
        reason: 'wrong password',
      },
      {
        headers: bearer(text),
        status: 403,
        user: 'alice',
        credential: 'token',
        id: row.id,
        reason: /limited|role none/,
      },
    ]
    for (const { method, path, action } of asked()) {
      if (action === 'own:read' || action === 'bucket:list') continue
      for (const sender of senders) {
        world.audited.length = 0
        const target = `${path}?filename=the-name&bucket=some-bucket`
        const answer = await rest.request(target, { method, headers: sender.headers })
        assert.equal(answer.status, sender.status, `${method} ${path}`)
        const [line, ...more] = world.audited
        assert.deepEqual(more, [], `${method} ${path}`)
        assert.ok(line !== undefined, `${method} ${path}`)
        assert.equal(line.requestId, answer.headers['x-request-id'])
        assert.deepEqual(
          [line.decision, line.action, line.user, line.credential, line.credentialId, line.address, line.bucket],
          ['refused', action, sender.user, sender.credential, sender.id, '127.0.0.1', 'some-bucket'],
        )
        if (action.startsWith('file:')) assert.equal(line.key, 'the-name')
        assert.match(line.reason, new RegExp(sender.reason))
      }
    }
  })

  test('has a line of every change that was allowed, and of reads where that is asked for', async () => {
    for (const auditReads of [false, true]) {
      const world = await AccessWorld.open({ auditReads })
      await using rest = await Harness.start({ access: world.access })
      await world.access.accounts.createUser({ name: 'root', role: 'admin', password: 'root-password' })
      const headers = basic('root', 'root-password')
      await rest.request('/upload?filename=a', { method: 'PUT', headers, body: 'x' })
      await rest.request('/download/a', { headers })
      await rest.request('/delete?filename=a', { method: 'DELETE', headers })
      const lines = world.audited.map(({ decision, action, key, user, reason }) => [
        decision,
        action,
        key,
        user,
        reason,
      ])
      const line = (action: string): unknown => ['allowed', action, 'a', 'root', 'role admin']
      const reads = auditReads ? [line('file:read')] : []
      assert.deepEqual(lines, [line('file:write'), ...reads, line('file:delete')])
    }
  })

  test('has lines of share links: used, invalid, and ended with who made them', async () => {
    const world = await AccessWorld.open({ auditReads: true })
    await using rest = await Harness.start({ access: world.access })
    await world.access.accounts.createUser({ name: 'alice', role: 'reader' })
    rest.files.store('a', 'x')
    const link = { user: 'alice', bucket: 'default', key: 'a', expiresMs: Date.now() + 60_000, usesMax: 2 }
    const { code, row } = await world.access.shareLinks.create(link)
    const get = async (path: string): Promise<number> => (await rest.request(path)).status
    const statuses = [await get(`/share/${code}`), await get(`/share/${'A'.repeat(44)}`)]
    await world.access.accounts.changeUser('alice', { role: 'none' })
    statuses.push(await get(`/share/${code}`))
    await world.access.accounts.removeUser('alice')
    statuses.push(await get(`/share/${code}`))
    assert.deepEqual(statuses, [200, 403, 403, 410])
    assert.deepEqual(
      world.audited.map(({ decision, credential, credentialId, key, reason }) => [
        decision,
        credential,
        credentialId,
        key,
        reason,
      ]),
      [
        ['allowed', 'share-link', row.id, 'a', 'role reader'],
        ['refused', 'share-link', undefined, undefined, 'share-link-invalid'],
        ['refused', 'share-link', row.id, 'a', 'role none'],
        ['refused', 'share-link', row.id, 'a', 'who made the link is gone or disabled'],
      ],
    )
  })

  test('and the log, whatever was sent, hold no password, secret or token', async () => {
    const world = await AccessWorld.open({ auditReads: true, isPatient: true })
    await using rest = await Harness.start({ access: world.access })
    const { accounts } = world.access
    await accounts.createUser({ name: 'root', role: 'admin', password: 'SeCrEt-password' })
    const key = await accounts.createKey({ user: 'root', secret: 'SeCrEt-of-a-key' })
    const { text } = await accounts.createToken({ user: 'root' })
    const tokenSecret = text.slice(21)
    const senders = [
      basic('root', 'SeCrEt-password'),
      basic('root', 'SeCrEt-passwore'),
      basic(key.row.id, 'SeCrEt-of-a-key'),
      basic('SeCrEt name\n', 'x'),
      bearer(text),
      bearer(`${text.slice(0, -1)}~`),
    ]
    for (const headers of senders) {
      await rest.request('/upload?filename=a', { method: 'PUT', headers, body: 'x' })
      const options = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' } }
      await rest.request('/api/v1/users', { ...options, body: '{"name":"n","password":"SeCrEt-new-one"}' })
      await rest.request('/api/v1/keys', { ...options, body: '{"id":"KEY","secret":"SeCrEt-imported"}' })
    }
    const said = [
      ...world.audited.map(formatAuditLine),
      ...rest.log.entries.map((entry) => JSON.stringify(entry)),
    ].join('\n')
    assert.ok(said.length > 1_000)
    assert.doesNotMatch(said, /SeCrEt/)
    assert.ok(!said.includes(tokenSecret.slice(0, 20)))
    for (const path of ['/api/v1/users', '/api/v1/keys', '/api/v1/tokens', '/api/v1/self', '/api/v1/share-links']) {
      const listed = (await rest.request(path, { headers: basic('root', 'SeCrEt-password') })).text
      assert.doesNotMatch(listed, /SeCrEt|argon2|sealed|hash"/)
      assert.ok(!listed.includes(tokenSecret.slice(0, 20)))
    }
  })
})
