// Encrypted objects over a real cluster: nothing of them is on a worker's disk in the clear, and they are read through both faces whole, by
// ranges and over the borders of parts; with the right keys, after rotations, restarts, two lost workers, and after the metadata was lost
// and its backup restored.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { defined } from '../../src/base/assert.ts'
import { freePort, RealCluster } from '../harness/real-cluster.ts'
import { SignedS3 } from '../harness/signed-s3.ts'

const run = promisify(execFile)
const launcher = fileURLToPath(new URL('../../bin/frostbyte.js', import.meta.url))
const credentials = { accessKeyId: 'root-user', secret: 'root-password', region: 'us-east-1' }
const env = { FROSTBYTE_ROOT_USER: credentials.accessKeyId, FROSTBYTE_ROOT_PASSWORD: credentials.secret }
const sse = 'x-amz-server-side-encryption'
const MIB = 1024 * 1024

/** Text that would be found wherever its bytes lie together; each 64 bytes have their place in them. */
function content(marker: string, bytes: number): Buffer {
  const text = Array.from({ length: Math.ceil(bytes / 64) }, (_, index) => `${marker} ${index} `.padEnd(64, '.')).join(
    '',
  )
  return Buffer.from(text).subarray(0, bytes)
}

function ofKey(byte: number, start = sse): Readonly<Record<string, string>> {
  const key = Buffer.alloc(32, byte)
  return {
    [`${start}-customer-algorithm`]: 'AES256',
    [`${start}-customer-key`]: key.toString('base64'),
    [`${start}-customer-key-md5`]: createHash('md5').update(key).digest('base64'),
  }
}

interface Stored {
  readonly key: string
  readonly bytes: Buffer
  readonly forRead: Readonly<Record<string, string>>
}

class Scene {
  readonly cluster: RealCluster
  readonly s3: SignedS3
  readonly stored: Stored[] = []

  constructor(cluster: RealCluster, s3: SignedS3) {
    this.cluster = cluster
    this.s3 = s3
  }

  async put(key: string, bytes: Buffer, headers: Readonly<Record<string, string>>, forRead = {}): Promise<void> {
    await this.s3.ok('PUT', `/vault/${key}`, { body: bytes, headers })
    this.stored.push({ key, bytes, forRead })
  }

  async putParts(key: string, parts: readonly Buffer[], headers: Readonly<Record<string, string>>): Promise<void> {
    const created = await this.s3.ok('POST', `/vault/${key}?uploads`, { headers })
    const upload = defined(/<UploadId>(.*?)</.exec(created.toString())?.[1], 'an upload id')
    const forRead = headers[`${sse}-customer-key`] === undefined ? {} : headers
    const list = await Promise.all(
      parts.map(async (body, index) => {
        const target = `/vault/${key}?partNumber=${index + 1}&uploadId=${upload}`
        const answer = await this.s3.send('PUT', target, { body, headers: forRead })
        assert.equal(answer.status, 200, await answer.text())
        return `<Part><PartNumber>${index + 1}</PartNumber><ETag>${answer.headers.get('etag') ?? ''}</ETag></Part>`
      }),
    )
    const body = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`
    await this.s3.ok('POST', `/vault/${key}?uploadId=${upload}`, { body })
    this.stored.push({ key, bytes: Buffer.concat(parts), forRead })
  }

  async copy(from: string, to: string, headers: Readonly<Record<string, string>>, forRead = {}): Promise<void> {
    const source = this.stored.findLast(({ key }) => key === from)
    await this.s3.ok('PUT', `/vault/${to}`, { headers: { 'x-amz-copy-source': `/vault/${from}`, ...headers } })
    this.stored.push({ key: to, bytes: defined(source, 'the source').bytes, forRead })
  }

  /** All that was stored, whole and by ranges; through REST too, where no key of a customer is needed. */
  async assertHolds(): Promise<void> {
    for (const { key, bytes, forRead } of this.stored) {
      assert.ok((await this.s3.ok('GET', `/vault/${key}`, { headers: forRead })).equals(bytes), key)
      for (const [first, last] of rangesOf(bytes.length)) {
        const wanted = bytes.subarray(first, last + 1)
        const headers = { ...forRead, Range: `bytes=${first}-${last}` }
        const got = await this.s3.ok('GET', `/vault/${key}`, { headers })
        assert.ok(got.equals(wanted), `${key}, bytes ${first} to ${last}`)
        if (Object.keys(forRead).length > 0) continue
        const target = `${this.cluster.url}/download?bucket=vault&filename=${key}`
        const byRest = await fetch(target, { headers: { Range: headers.Range } })
        assert.equal(byRest.status, 206)
        assert.ok(Buffer.from(await byRest.arrayBuffer()).equals(wanted), `${key} by REST, bytes ${first} to ${last}`)
      }
    }
  }

  async frostbyte(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [launcher, ...args, '--url', this.cluster.url], {
      maxBuffer: 64 * MIB,
      encoding: 'latin1',
    })
    return stdout
  }
}

/** Around the borders of segments (64 KiB) and of parts (5 MiB), and at the ends. */
function rangesOf(length: number): readonly (readonly [number, number])[] {
  const borders = [65_536, 131_072, 5 * MIB, 5 * MIB + 65_536, 10 * MIB].filter((border) => border + 10 < length)
  return [...borders.map((border) => [border - 7, border + 9] as const), [0, 0], [length - 1, length - 1]]
}

/** How many files below hold the text. */
async function filesWith(directory: string, text: string): Promise<number> {
  let count = 0
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    if ((await readFile(join(entry.parentPath, entry.name))).includes(text)) count += 1
  }
  return count
}

async function fill(scene: Scene): Promise<void> {
  const { s3 } = scene
  await s3.ok('PUT', '/vault')
  await scene.frostbyte('encryption-key', 'add', 'reports', '--alias', 'alias/reports')
  const kms = { [sse]: 'aws:kms', [`${sse}-aws-kms-key-id`]: 'alias/reports' }
  await s3.ok('PUT', '/vault/open', { body: content('IN-THE-CLEAR', 200_000) })
  await scene.put('small', content('SECRET', 500), { [sse]: 'AES256' })
  await scene.put('sse-s3', content('SECRET', 3 * MIB + 77), { [sse]: 'AES256' })
  await scene.put('sse-kms', content('SECRET', 700_001), kms)
  await scene.put('sse-c', content('SECRET', 300_000), ofKey(1), ofKey(1))
  const parts = [content('SECRET one', 5 * MIB), content('SECRET two', 5 * MIB), content('SECRET three', 100_003)]
  await scene.putParts('parts', parts, { [sse]: 'AES256' })
  await scene.putParts('parts-of-c', parts.slice(1), ofKey(2))
  await scene.copy('parts', 'copy-of-parts', kms)
  const fromC = ofKey(1, 'x-amz-copy-source-server-side-encryption')
  await scene.copy('sse-c', 'c-by-another-key', { ...fromC, ...ofKey(3) }, ofKey(3))
  await scene.copy('sse-c', 'c-by-the-cluster', fromC)
}

describe('encrypted objects over a real cluster', () => {
  test('are nowhere in the clear, and come back through everything that can happen', async () => {
    const port = await freePort()
    const masterArgs = ['--s3-port', String(port), '--s3-customer-keys-over-http']
    await RealCluster.use({ env, masterArgs }, async (cluster) => {
      const s3 = new SignedS3(`http://127.0.0.1:${port}`, credentials)
      const scene = new Scene(cluster, s3)
      await fill(scene)
      await scene.assertHolds()

      // What is not encrypted is found, so the search finds what there is.
      assert.ok((await filesWith(cluster.directory, 'IN-THE-CLEAR')) >= 3)
      assert.equal(await filesWith(cluster.directory, 'SECRET'), 0)

      assert.equal(await s3.refused('GET', '/vault/sse-c'), '400 InvalidRequest')
      assert.equal(await s3.refused('GET', '/vault/sse-c', { headers: ofKey(2) }), '403 AccessDenied')
      assert.equal(await s3.refused('GET', '/vault/c-by-another-key', { headers: ofKey(1) }), '403 AccessDenied')
      const byRest = await fetch(`${cluster.url}/download?bucket=vault&filename=sse-c`)
      assert.equal(byRest.status, 400)
      assert.match(await byRest.text(), /customer-key-required/)

      await throughTheCommandLine(scene)
      await withADisabledKey(scene)
      await afterRotation(scene)

      const master = defined(cluster.masters[0], 'the master')
      await master.kill()
      await master.start()
      await cluster.untilReady()
      await scene.assertHolds()
      for (const worker of cluster.workers.slice(0, 2)) await worker.kill()
      await scene.assertHolds()
      for (const worker of cluster.workers.slice(0, 2)) await worker.start()
      await cluster.untilWorkersUp(5)
      await afterLosingMetadata(scene)
    })
  })
})

async function throughTheCommandLine(scene: Scene): Promise<void> {
  const bytes = defined(
    scene.stored.find(({ key }) => key === 'parts'),
    'the parts',
  ).bytes
  const got = await scene.frostbyte('get', '--bucket', 'vault', 'parts', '-')
  assert.ok(Buffer.from(got, 'latin1').equals(bytes))
  assert.match(await scene.frostbyte('verify', '--bucket', 'vault', 'parts'), /good/)
  const url = (await scene.frostbyte('share', 'add', 'parts', '--bucket', 'vault')).trim()
  assert.ok(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes))
}

async function withADisabledKey(scene: Scene): Promise<void> {
  await scene.frostbyte('encryption-key', 'disable', 'reports')
  const elsewhere = async (): Promise<string> => await scene.s3.refused('GET', '/vault/sse-kms')
  assert.equal(await elsewhere(), '400 KMS.DisabledException')
  const byRest = await fetch(`${scene.cluster.url}/download?bucket=vault&filename=copy-of-parts`)
  assert.deepEqual([byRest.status, /encryption-key-disabled/.test(await byRest.text())], [403, true])
  await scene.frostbyte('encryption-key', 'enable', 'reports')
}

async function afterRotation(scene: Scene): Promise<void> {
  await scene.frostbyte('encryption-key', 'rotate', 'sse-s3')
  await scene.frostbyte('encryption-key', 'rotate', 'reports')
  await scene.put('after-rotation', content('SECRET', 100_000), { [sse]: 'AES256' })
  // Onto itself: under the newest generation.
  await scene.copy('sse-s3', 'sse-s3', { [sse]: 'AES256' })
  const rule =
    '<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>'
  const body = `<ServerSideEncryptionConfiguration><Rule>${rule}</Rule></ServerSideEncryptionConfiguration>`
  await scene.s3.ok('PUT', '/vault?encryption', { body })
  await sleep(1_100) // REST sees it after a second at the latest
  const bytes = content('SECRET', 250_000)
  const put = await fetch(`${scene.cluster.url}/upload?bucket=vault&filename=by-rest`, { method: 'PUT', body: bytes })
  assert.equal(put.status, 201, await put.text())
  scene.stored.push({ key: 'by-rest', bytes, forRead: {} })
  await scene.assertHolds()
  assert.equal(await filesWith(scene.cluster.directory, 'SECRET'), 0)
}

/** The keys come from the backup, everything else, also what was stored after it, from the workers. */
async function afterLosingMetadata(scene: Scene): Promise<void> {
  const { cluster } = scene
  const file = join(cluster.directory, 'backup-of-metadata')
  await run(process.execPath, [launcher, 'backup-metadata', '--data', cluster.directory, file])
  await scene.put('after-the-backup', content('SECRET', 400_000), { [sse]: 'AES256' })
  const master = defined(cluster.masters[0], 'the master')
  await master.stop()
  await rm(join(cluster.directory, 'metadata'), { recursive: true })
  await run(process.execPath, [launcher, 'restore-metadata', '--data', cluster.directory, file])
  await master.start()
  await cluster.untilWorkersUp(5)
  await scene.frostbyte('rebuild-metadata')
  await cluster.untilReady()
  await scene.assertHolds()
  const put = await scene.s3.send('PUT', '/vault/by-default', { body: 'x' })
  assert.equal(put.headers.get(sse), 'AES256', 'the default of the bucket has come back')
}
