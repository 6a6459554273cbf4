// The commands about users and what belongs to them, against a real REST face: what they do, what they print, and what they never print.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { runCli } from '../../../src/cli/run.ts'
import { FakeEnvironment } from '../../../src/cli/testing/fake-environment.ts'
import { FrostByteClient } from '../../../src/sdk/index.ts'
import { AccessWorld, basic } from '../rest/access-world.ts'
import { Harness } from '../rest/harness.ts'
import { makeDirectory } from './run-frostbyte.ts'

const nothing = async (): Promise<void> => undefined
const root = { FROSTBYTE_USER: 'root', FROSTBYTE_PASSWORD: 'root-password' }

interface Said {
  readonly code: number
  readonly out: string
  readonly error: string
}

class Scene implements AsyncDisposable {
  readonly rest: Harness
  readonly world: AccessWorld

  private constructor(rest: Harness, world: AccessWorld) {
    this.rest = rest
    this.world = world
  }

  static async open(): Promise<Scene> {
    const world = await AccessWorld.open({ isPatient: true })
    await world.access.accounts.createUser({ name: 'root', role: 'admin', password: 'root-password' })
    return new Scene(await Harness.start({ access: world.access, keys: world.access.keys }), world)
  }

  get url(): string {
    return `http://127.0.0.1:${this.rest.port}`
  }

  /** `input`: standard input. */
  async run(line: string, variables: Readonly<Record<string, string>> = root, input = ''): Promise<Said> {
    const environment = new FakeEnvironment({ url: this.url, variables, stdin: new Blob([input]).stream() })
    const handlers = { up: nothing, master: nothing, worker: nothing, migrate: nothing }
    const code = await runCli(line.split(' '), { handlers, version: '', environment })
    return { code, out: environment.stdout.text, error: environment.stderr.text }
  }

  async status(headers: Readonly<Record<string, string>>): Promise<number> {
    return (await this.rest.request('/files', { headers })).status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rest[Symbol.asyncDispose]()
  }
}

describe('the commands about access', () => {
  test('make, change, list and remove users', async () => {
    await using scene = await Scene.open()
    const added = await scene.run('user add alice --role writer --password-stdin', root, 'alice-password\nrest')
    assert.deepEqual([added.code, added.out, added.error], [0, 'made alice, writer\n', ''])
    assert.equal(await scene.status(basic('alice', 'alice-password')), 200)
    const variables = { ...root, FROSTBYTE_NEW_SECRET: 'from-variable' }
    assert.equal((await scene.run('user set alice --role reader', variables)).out, 'alice: reader, enabled\n')
    assert.equal(await scene.status(basic('alice', 'from-variable')), 200)
    assert.match((await scene.run('user ls')).out, /^alice {2}reader {2}true {2}alice {2}\S+ {2}0 {2}-\nroot {2}admin/)
    const [listed] = JSON.parse((await scene.run('user ls --json')).out) as readonly Record<string, unknown>[]
    assert.deepEqual([listed?.['name'], listed?.['hasPassword']], ['alice', true])
    const self = await scene.run('user self', { FROSTBYTE_USER: 'alice', FROSTBYTE_PASSWORD: 'from-variable' })
    assert.equal(self.out, 'alice, reader, by password\n')
    assert.equal((await scene.run('user set alice --disable')).out, 'alice: reader, disabled\n')
    assert.equal(await scene.status(basic('alice', 'from-variable')), 401)
    assert.equal((await scene.run('user rm alice')).out, 'removed alice\n')
    assert.equal((await scene.run('user rm alice')).code, 3)
    assert.equal((await scene.run('user rm root')).code, 1)
    assert.equal((await scene.run('user set root')).code, 2)
    assert.equal((await scene.run('user add b --canonical-id 12')).code, 1)
  })

  test('import a list of users with their keys, as often as wanted', async () => {
    await using scene = await Scene.open()
    const [canonicalId, accessKey, secretKey] = [
      '0'.repeat(63) + '1',
      'NOPQRSTUVWXYZABCDEFG',
      'h7GhxuBLTrlhVUyxSPUKUV8r',
    ]
    const alice = { name: 'alice', canonicalId, displayName: 'M. Tester', accessKey, secretKey }
    const list = JSON.stringify([alice, { name: 'bob', role: 'reader' }])
    const first = await scene.run('user import', root, list)
    assert.equal(first.out, `alice  made  ${accessKey}  made\nbob  made  -  -\n`, first.error)
    const again = await scene.run('user import', root, list)
    assert.equal(again.out, `alice  kept  ${accessKey}  kept\nbob  kept  -  -\n`, again.error)
    const made = await scene.world.metadata.getUserByCanonicalId(canonicalId)
    assert.deepEqual([made?.name, made?.displayName, made?.role], ['alice', 'M. Tester', 'none'])
    assert.equal(await scene.status(basic('alice', secretKey)), 401, 'a secret is no password of the user')
    const { secret } = await scene.world.access.control.signer(accessKey)
    assert.equal(Buffer.from(secret).toString(), secretKey)
    for (const other of [
      { ...alice, canonicalId: 'f'.repeat(64) },
      { name: 'bob', accessKey, secretKey },
    ]) {
      const refused = await scene.run('user import', root, JSON.stringify([other]))
      assert.notEqual(refused.code, 0)
      assert.match(refused.error, /already/)
    }
    for (const wrong of ['', '{}', '[1]', '[{}]', '[{"name":"x","role":"king"}]', '[{"name":"x","accessKey":"abc"}]'])
      assert.equal((await scene.run('user import', root, wrong)).code, 2, wrong)
  })

  test('change one’s own password', async () => {
    await using scene = await Scene.open()
    assert.equal((await scene.run('user passwd --password-stdin', root, 'a new password')).out, 'changed\n')
    assert.equal(await scene.status(basic('root', 'a new password')), 200)
    assert.equal((await scene.run('user ls')).code, 8)
    assert.equal((await scene.run('user passwd', root)).code, 2)
  })

  test('make access keys and print their secrets once, or store those that exist', async () => {
    await using scene = await Scene.open()
    const [, id = '', secret = ''] =
      /^(\S+) {2}(\S+)\n$/.exec((await scene.run('key add --description laptop')).out) ?? []
    assert.equal(await scene.status(basic(id, secret)), 200)
    const imported = await scene.run('key import AKIAIMPORTED --secret-stdin --expires 300d', root, 'imported-secret\n')
    assert.deepEqual([imported.code, imported.out], [0, 'stored AKIAIMPORTED\n'])
    assert.equal(await scene.status(basic('AKIAIMPORTED', 'imported-secret')), 200)
    const listed = (await scene.run('key ls')).out + (await scene.run('key ls --json')).out
    assert.ok(listed.includes(id) && !listed.includes(secret) && !listed.includes('imported-secret'))
    await scene.run(`key disable ${id}`)
    assert.equal(await scene.status(basic(id, secret)), 401)
    await scene.run(`key enable ${id}`)
    assert.equal(await scene.status(basic(id, secret)), 200)
    assert.equal((await scene.run(`key rm ${id}`)).out, `removed ${id}\n`)
    assert.equal(await scene.status(basic(id, secret)), 401)
    assert.equal((await scene.run('key import AKIA2')).code, 2)
    assert.equal((await scene.run('key add --expires soon')).code, 2)
  })

  test('make tokens that sign a client in, from a variable or a file', async () => {
    await using scene = await Scene.open()
    await using directory = await makeDirectory()
    const token = (await scene.run('token add --level read --only default,photos --expires 720h')).out.trim()
    const byToken = { FROSTBYTE_TOKEN: token }
    scene.rest.files.store('a', 'x')
    assert.equal((await scene.run('ls', byToken)).out, 'a\n')
    const refused = await scene.run('rm a', byToken)
    assert.equal(refused.code, 8)
    assert.match(refused.error, /root has no right to file:delete/)
    const file = join(directory.path, 'token')
    await writeFile(file, `${token}\n`)
    assert.equal((await scene.run(`ls --token-file ${file}`, {})).out, 'a\n')
    assert.equal((await scene.run(`ls --token-file ${file}.none`, {})).code, 2)
    assert.equal((await scene.run(`ls --token-file ${file}`, root)).code, 2)
    const listed = (await scene.run('token ls')).out
    assert.match(listed, /^[0-9a-f]{16} {2}root {2}read {2}default,photos {2}/)
    assert.ok(!listed.includes(token.slice(21)))
    await scene.run(`token rm ${token.slice(4, 20)}`)
    assert.equal((await scene.run('ls', byToken)).code, 8)
    const half = await scene.run('ls', { FROSTBYTE_USER: 'root' })
    assert.equal(half.code, 2)
  })

  test('grant, and take back', async () => {
    await using scene = await Scene.open()
    await scene.run('user add bob --password-stdin', root, 'bob-password')
    assert.equal(await scene.status(basic('bob', 'bob-password')), 403)
    assert.equal((await scene.run('grant add bob read')).out, 'bob may read in default\n')
    assert.equal(await scene.status(basic('bob', 'bob-password')), 200)
    assert.match((await scene.run('grant ls')).out, /^bob {2}default {2}read {2}\S+\n$/)
    assert.match((await scene.run('grant ls --user bob')).out, /^bob {2}default/)
    assert.equal((await scene.run('grant rm bob')).code, 0)
    assert.equal(await scene.status(basic('bob', 'bob-password')), 403)
    assert.equal((await scene.run('grant rm bob')).code, 3)
  })

  test('make, change, limit, list and remove buckets', async () => {
    await using scene = await Scene.open()
    await scene.run('user add bob')
    assert.equal((await scene.run('bucket add photos')).out, 'made photos\n')
    assert.match((await scene.run('bucket ls')).out, /^photos {2}root {2}off {2}0 {2}0 {2}- {2}\S+$/m)
    const changed = await scene.run('bucket set photos --versioning enabled --owner bob')
    assert.equal(changed.out, 'photos: owned by bob, versioning enabled, no quota, 0 bytes used\n')
    const limited = 'photos: owned by bob, versioning enabled, a quota of 5GiB, 0 bytes used\n'
    assert.equal((await scene.run('bucket quota photos 5GiB')).out, limited)
    assert.equal((await scene.run('bucket quota photos')).out, limited)
    const [, shown] = JSON.parse((await scene.run('bucket ls --json')).out) as readonly Record<string, unknown>[]
    assert.deepEqual([shown?.['name'], shown?.['quotaBytes']], ['photos', 5 * 1024 ** 3])
    assert.match((await scene.run('bucket quota photos none')).out, /no quota/)
    assert.equal((await scene.run('bucket quota photos 5GB')).code, 2)
    assert.equal((await scene.run('bucket set photos')).code, 2)
    assert.equal((await scene.run('bucket set photos --versioning off')).code, 2)
    assert.equal((await scene.run('bucket rm photos')).out, 'removed photos\n')
    assert.equal((await scene.run('bucket quota photos')).code, 2)
  })

  test('limit what a user may store', async () => {
    await using scene = await Scene.open()
    await scene.run('user add bob')
    assert.equal((await scene.run('user quota bob')).out, 'bob: no quota, 0 bytes used\n')
    assert.equal((await scene.run('user quota bob 1MiB')).out, 'bob: a quota of 1MiB, 0 bytes used\n')
    assert.match((await scene.run('user ls')).out, /^bob .* 0 {2}1048576$/m)
    assert.equal((await scene.run('user quota bob none')).out, 'bob: no quota, 0 bytes used\n')
    assert.equal((await scene.run('user quota bob much')).code, 2)
    assert.equal((await scene.run('user quota nobody')).code, 3)
  })

  test('share a file, and revoke the link', async () => {
    await using scene = await Scene.open()
    scene.rest.files.store('a', 'content')
    const url = (await scene.run('share add a --expires 300d --uses 5')).out.trim()
    assert.equal(await (await fetch(url)).text(), 'content')
    const [link] = JSON.parse((await scene.run('share ls --json')).out) as readonly Record<string, unknown>[]
    assert.deepEqual([link?.['filename'], link?.['uses'], link?.['usesMax']], ['a', 1, 5])
    assert.ok(!JSON.stringify(link).includes(url.slice(-20)))
    assert.equal((await scene.run(`share rm ${String(link?.['id'])}`)).code, 0)
    assert.equal((await fetch(url)).status, 410)
    assert.equal((await scene.run('share add none')).code, 3)
    assert.equal((await scene.run('share add a --uses 0')).code, 2)
  })

  test('the client library takes a user or a token, in Unicode too, and not both', async () => {
    await using scene = await Scene.open()
    const admin = new FrostByteClient({ url: scene.url, user: 'root', password: 'root-password' })
    await admin.access.createUser({ name: 'u', role: 'reader', password: 'пароль-ü-🔑' })
    const reader = new FrostByteClient({ url: scene.url, user: 'u', password: 'пароль-ü-🔑' })
    assert.deepEqual(await Array.fromAsync(reader.list()), [])
    assert.equal((await reader.access.self()).user?.name, 'u')
    assert.throws(() => new FrostByteClient({ token: 't', user: 'u', password: 'p' }))
    assert.throws(() => new FrostByteClient({ user: 'u' }))
    assert.throws(() => new FrostByteClient({ user: 'a:b', password: 'p' }))
  })

  test('make, list, disable and rotate encryption keys, for administrators', async () => {
    await using scene = await Scene.open()
    const arn = 'arn:aws:kms:us-east-1:000000000000:key/reports'
    const added = await scene.run('encryption-key add reports --alias alias/a --alias alias/b')
    assert.deepEqual([added.code, added.out, added.error], [0, `reports  ${arn}\n`, ''])
    assert.match((await scene.run('encryption-key add')).out, /^[0-9a-f-]{36} {2}arn:aws:kms:/)
    assert.equal((await scene.run('encryption-key rotate reports')).out, 'reports: generation 2\n')
    assert.equal((await scene.run('encryption-key rotate sse-s3')).out, 'sse-s3: generation 2\n')
    assert.equal((await scene.run('encryption-key disable reports')).out, 'reports: disabled\n')
    assert.match(
      (await scene.run('encryption-key ls')).out,
      /^reports {2}false {2}2 {2}\S+Z {2}\S+Z {2}alias\/a,alias\/b$/m,
    )
    const rows = JSON.parse((await scene.run('encryption-key ls --json')).out) as readonly Record<string, unknown>[]
    assert.deepEqual(rows.find(({ id }) => id === 'sse-s3')?.['generations'], 2)
    assert.deepEqual(Object.keys(rows[0] ?? {}).toSorted(), [
      'aliases',
      'arn',
      'created',
      'enabled',
      'generations',
      'id',
      'rotated',
    ])
    assert.equal((await scene.run('encryption-key enable reports')).out, 'reports: enabled\n')
    assert.equal((await scene.run('encryption-key rotate none')).code, 3)
    assert.equal((await scene.run('encryption-key add reports')).code, 1)
    assert.equal((await scene.run('encryption-key disable sse-s3')).code, 1)
    await scene.world.access.accounts.createUser({ name: 'alice', role: 'writer', password: 'alice-password' })
    const asAlice = { FROSTBYTE_USER: 'alice', FROSTBYTE_PASSWORD: 'alice-password' }
    assert.equal((await scene.run('encryption-key ls', asAlice)).code, 8)
    const changes = scene.world.audited.filter(({ action }) => action === 'encryption-key:change')
    assert.equal(changes.length, 9)
  })
})
