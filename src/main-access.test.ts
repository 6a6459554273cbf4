// Who may use a master right after its start: the administrator of the configuration, the first one, and the rule of open access.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { CollectingLog } from '../sim/ports/log.ts'
import { AccessWorld, basic } from '../test/fast/rest/access-world.ts'
import { errorCode } from './base/errors.ts'
import { resolveConfig } from './cli/config/resolve.ts'
import type { MasterConfig } from './cli/config/options.ts'
import type { Principal } from './gateway/auth/principal.ts'
import { startAccess } from './main-access.ts'
import type { StartedAccess } from './main-access.ts'
import type { KeyValueMetadata } from './meta/key-value-metadata.ts'
import { NodeClock } from './node/clock.ts'
import { NodeCompute } from './node/compute.ts'
import { NodeRandom } from './node/random.ts'

const ports = { log: new CollectingLog(), clock: new NodeClock(), compute: new NodeCompute(), random: new NodeRandom() }
const secret = new Uint8Array(32)
const config: MasterConfig = { ...resolveConfig('master', [], '/'), auditLog: 'off' }
const elsewhere = { ...config, host: '0.0.0.0' }
const root = { rootUser: 'root', rootPassword: 'root-password' }

async function metadata(): Promise<KeyValueMetadata> {
  return (await AccessWorld.open()).metadata
}

async function signIn({ access }: StartedAccess, name: string, password: string): Promise<Principal> {
  const request = { action: 'user:change', address: '127.0.0.1', requestId: '1' } as const
  return await access.control.admit(basic(name, password).Authorization, request)
}

const refused = (error: unknown): boolean => errorCode(error) === 'config-invalid'

describe('a master', () => {
  test('on loopback is open, and tells its first administrator once', async () => {
    const store = await metadata()
    const first = await startAccess(config, { ...ports, metadata: store }, secret)
    assert.equal(first.access.control.isOpen, true)
    const [, name = '', password = ''] =
      /administrator is (\S+), with the password (\S+) /.exec(first.notice ?? '') ?? []
    assert.equal((await signIn(first, name, password)).user?.role, 'admin')
    const second = await startAccess(config, { ...ports, metadata: store }, secret)
    assert.equal(second.notice, undefined)
    assert.equal((await signIn(second, name, password)).user?.role, 'admin')
    const signer = await second.access.control.signer(name)
    assert.equal(Buffer.from(signer.secret).toString(), password)
  })

  test('on loopback asks who is there where users are required', async () => {
    const started = await startAccess(
      { ...config, requireUsers: true },
      { ...ports, metadata: await metadata() },
      secret,
    )
    assert.equal(started.access.control.isOpen, false)
    assert.notEqual(started.notice, undefined)
  })

  test('elsewhere does not start without an administrator', async () => {
    await assert.rejects(startAccess(elsewhere, { ...ports, metadata: await metadata() }, secret), refused)
    const store = await metadata()
    await assert.rejects(
      startAccess({ ...elsewhere, requireUsers: true }, { ...ports, metadata: store }, secret),
      refused,
    )
    assert.deepEqual(await store.listUsers({ limit: 10 }), [], 'and makes none that nobody saw')
  })

  test('elsewhere starts with an administrator that is configured, and with it stored', async () => {
    const store = await metadata()
    const started = await startAccess({ ...elsewhere, ...root }, { ...ports, metadata: store }, secret)
    assert.deepEqual([started.access.control.isOpen, started.notice], [false, undefined])
    assert.equal((await signIn(started, 'root', 'root-password')).user?.role, 'admin')
    await startAccess(elsewhere, { ...ports, metadata: store }, secret)
    await store.createUser({
      user: {
        name: 'second',
        role: 'admin',
        enabled: true,
        canonicalId: 'a'.repeat(64),
        displayName: 'S',
        createdMs: 1,
      },
    })
    await store.changeUser({ name: 'root', enabled: false })
    await startAccess(elsewhere, { ...ports, metadata: store }, secret)
  })

  test('elsewhere is open where that is asked for by name, and makes no administrator', async () => {
    const store = await metadata()
    const started = await startAccess({ ...elsewhere, openAccess: true }, { ...ports, metadata: store }, secret)
    assert.deepEqual([started.access.control.isOpen, started.notice], [true, undefined])
    assert.equal(await store.hasAdministrator(), false)
  })

  test('with another configured password changes it, and with another name takes the rights of the former', async () => {
    const store = await metadata()
    const first = await startAccess({ ...config, ...root }, { ...ports, metadata: store }, secret)
    const hash = (await store.getUser('root'))?.passwordHash
    await startAccess({ ...config, ...root }, { ...ports, metadata: store }, secret)
    assert.equal((await store.getUser('root'))?.passwordHash, hash, 'the same password is left alone')
    const other = { ...config, ...root, rootPassword: 'another-password' }
    const second = await startAccess(other, { ...ports, metadata: store }, secret)
    await assert.rejects(signIn(second, 'root', 'root-password'))
    await signIn(second, 'root', 'another-password')
    await startAccess({ ...other, rootUser: 'boss' }, { ...ports, metadata: store }, secret)
    assert.equal(await store.getUser('root'), undefined)
    assert.equal((await store.getUser('boss'))?.role, 'admin')
    assert.equal(first.notice, undefined)
  })

  test('with another secret of the cluster lets passwords and tokens count, and not the keys sealed under the former', async () => {
    const store = await metadata()
    const { access, notice = '' } = await startAccess(config, { ...ports, metadata: store }, secret)
    const [, name = '', password = ''] = /administrator is (\S+), with the password (\S+) /.exec(notice) ?? []
    const key = await access.accounts.createKey({ user: name })
    const other = await startAccess(config, { ...ports, metadata: store }, new Uint8Array(32).fill(1))
    assert.equal((await signIn(other, name, password)).user?.role, 'admin')
    const invalid = (error: unknown): boolean => errorCode(error) === 'credentials-invalid'
    await assert.rejects(signIn(other, key.row.id, key.secret), invalid)
    await assert.rejects(signIn(other, key.row.id, 'wrong-secret'), invalid)
  })

  test('refuses half of an administrator', async () => {
    const { rootUser } = root
    await assert.rejects(
      startAccess({ ...config, rootUser }, { ...ports, metadata: await metadata() }, secret),
      refused,
    )
  })
})
