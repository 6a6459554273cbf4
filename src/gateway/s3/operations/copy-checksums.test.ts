// CopyObject with x-amz-checksum-algorithm: what the source has is kept, anything else is computed from what is copied.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { after, afterEach, before, describe, it } from 'node:test'

import { eventually } from '../../../../test/harness/eventually.ts'
import { checksumKinds } from '../checksums.ts'
import { sha256, signHeader } from '../testing/signing-client.ts'
import { S3World, textAt } from '../testing/s3-world.ts'
import type { S3Answer } from '../testing/s3-world.ts'

const body = Buffer.from(Array.from({ length: 200_000 }, (_, index) => `${index};`).join('')).subarray(0, 200_000)
const sse = 'x-amz-server-side-encryption'
const sha256Of = createHash('sha256').update(body).digest('base64')

function customerKey(byte: number, prefix = 'x-amz-'): Readonly<Record<string, string>> {
  const key = Buffer.alloc(32, byte)
  return {
    [`${prefix}server-side-encryption-customer-algorithm`]: 'AES256',
    [`${prefix}server-side-encryption-customer-key`]: key.toString('base64'),
    [`${prefix}server-side-encryption-customer-key-md5`]: createHash('md5').update(key).digest('base64'),
  }
}

const sourceKey = customerKey(1, 'x-amz-copy-source-')

describe('a copy that asks for a checksum', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start({ takesKeysOverHttp: true })
    await world.send('PUT', '/from')
    await world.send('PUT', '/into')
    await put('/from/plain')
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })
  afterEach(() => {
    world.objects.onSlice = undefined
    assert.equal(world.objects.readersOpen, 0)
    assert.equal(world.objects.uploadsOpen, 0)
  })

  async function put(target: string, headers: Readonly<Record<string, string>> = {}): Promise<S3Answer> {
    const answer = await world.send('PUT', target, { body, headers })
    assert.equal(answer.status, 200, answer.text)
    return answer
  }

  async function copy(source: string, key: string, headers: Readonly<Record<string, string>>): Promise<S3Answer> {
    return await world.send('PUT', `/into/${key}`, { headers: { 'x-amz-copy-source': source, ...headers } })
  }

  /** Names and values of all that the object has. */
  async function checksumsOf(target: string, headers = {}): Promise<Readonly<Record<string, unknown>>> {
    const head = await world.send('HEAD', target, { headers: { 'x-amz-checksum-mode': 'ENABLED', ...headers } })
    assert.equal(head.status, 200)
    return Object.fromEntries(Object.entries(head.headers).filter(([name]) => name.startsWith('x-amz-checksum-')))
  }

  it('has that one and no other, whatever the source has', async () => {
    for (const { name, header, element } of checksumKinds) {
      const answer = await copy('/from/plain', name, { 'x-amz-checksum-algorithm': name })
      assert.equal(answer.status, 200, answer.text)
      const has = await checksumsOf(`/into/${name}`)
      assert.deepEqual(Object.keys(has).toSorted(), [header, 'x-amz-checksum-type'].toSorted(), name)
      assert.equal(has['x-amz-checksum-type'], 'FULL_OBJECT')
      assert.equal(textAt(answer.xml, element), has[header])
      // What a client claims is checked: this is taken for the same bytes only where it is theirs.
      await put(`/from/as-${name}`, { [header]: String(has[header]) })
    }
    for (const { name: source } of checksumKinds) {
      for (const { name, header } of checksumKinds) {
        await copy(`/from/as-${source}`, 'other', { 'x-amz-checksum-algorithm': name })
        const has = await checksumsOf('/into/other')
        assert.deepEqual(has, await checksumsOf(`/into/${name}`), `${source} to ${name}`)
        assert.ok(header in has)
      }
    }
    assert.equal((await checksumsOf('/into/SHA256'))['x-amz-checksum-sha256'], sha256Of)
    assert.ok(body.equals((await world.send('GET', '/into/SHA256')).body))
  })

  it('reads nothing where that one is known already', async () => {
    await put('/from/summed', { 'x-amz-checksum-sha256': sha256Of })
    const { readersOpened } = world.objects
    for (const algorithm of ['SHA256', 'CRC32', undefined]) {
      const headers = algorithm === undefined ? {} : { 'x-amz-checksum-algorithm': algorithm }
      assert.equal((await copy('/from/summed', `known-${algorithm}`, headers)).status, 200)
    }
    assert.equal(world.objects.readersOpened, readersOpened)
    assert.equal((await checksumsOf('/into/known-undefined'))['x-amz-checksum-sha256'], sha256Of)
    assert.equal((await checksumsOf('/into/known-SHA256'))['x-amz-checksum-sha256'], sha256Of)
    assert.deepEqual(await checksumsOf('/into/known-CRC32'), await checksumsOf('/from/plain'))
  })

  it('is of all bytes, where the source has one of its parts', async () => {
    const begun = await world.send('POST', '/from/parts?uploads', { headers: { 'x-amz-checksum-algorithm': 'SHA256' } })
    const upload = textAt(begun.xml, 'UploadId')
    const part = await put(`/from/parts?partNumber=1&uploadId=${upload}`)
    const list = `<Part><PartNumber>1</PartNumber><ETag>${String(part.headers.etag)}</ETag></Part>`
    const document = `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`
    const done = await world.send('POST', `/from/parts?uploadId=${upload}`, { body: document })
    assert.match(textAt(done.xml, 'ChecksumSHA256') ?? '', /-1$/)
    const answer = await copy('/from/parts', 'of-parts', { 'x-amz-checksum-algorithm': 'sha256' })
    assert.equal(textAt(answer.xml, 'ChecksumSHA256'), sha256Of)
    assert.equal((await checksumsOf('/into/of-parts'))['x-amz-checksum-type'], 'FULL_OBJECT')
    assert.equal(textAt(answer.xml, 'ETag'), textAt(done.xml, 'ETag'))
  })

  it('is of the content, whatever encrypts source and copy', async () => {
    const sources = {
      'none': {},
      'sse-s3': { [sse]: 'AES256' },
      'sse-kms': { [sse]: 'aws:kms' },
      'sse-c': customerKey(1),
    }
    const targets = { ...sources, 'sse-c': customerKey(2) }
    for (const [source, stored] of Object.entries(sources)) await put(`/from/${source}`, stored)
    for (const source of Object.keys(sources)) {
      for (const [target, asked] of Object.entries(targets)) {
        const read = source === 'sse-c' ? sourceKey : {}
        const { readersOpened } = world.objects
        const headers = { ...read, ...asked, 'x-amz-checksum-algorithm': 'SHA256' }
        const answer = await copy(`/from/${source}`, 'encrypted', headers)
        assert.equal(textAt(answer.xml, 'ChecksumSHA256'), sha256Of, `${source} to ${target}: ${answer.text}`)
        assert.equal(world.objects.readersOpened, readersOpened + 1, 'its bytes are read once')
        const toRead = target === 'sse-c' ? { headers: customerKey(2) } : {}
        assert.ok(body.equals((await world.send('GET', '/into/encrypted', toRead)).body))
      }
    }
    const wrong = { ...customerKey(3, 'x-amz-copy-source-'), 'x-amz-checksum-algorithm': 'SHA256' }
    assert.equal((await copy('/from/sse-c', 'never', wrong)).code, 'AccessDenied')
    assert.equal((await copy('/from/sse-c', 'never', { 'x-amz-checksum-algorithm': 'SHA256' })).status, 400)
    assert.equal((await world.send('HEAD', '/into/never')).status, 404)
  })

  it('is of the version that is copied, and there is none where that goes meanwhile', async () => {
    const enabled = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
    await world.send('PUT', '/kept')
    await world.send('PUT', '/kept?versioning', { body: enabled })
    const first = String((await put('/kept/k')).headers['x-amz-version-id'])
    await world.send('PUT', '/kept/k', { body: 'newer' })
    const asked = { 'x-amz-checksum-algorithm': 'SHA256' }
    const answer = await copy(`/kept/k?versionId=${first}`, 'older', asked)
    assert.equal(answer.headers['x-amz-copy-source-version-id'], first)
    assert.equal(textAt(answer.xml, 'ChecksumSHA256'), sha256Of)
    world.objects.onSlice = async () => {
      world.objects.onSlice = undefined
      assert.equal((await world.send('DELETE', `/kept/k?versionId=${first}`)).status, 204)
    }
    assert.equal((await copy(`/kept/k?versionId=${first}`, 'gone', asked)).code, 'NoSuchVersion')
    world.objects.onSlice = async () => {
      world.objects.onSlice = undefined
      await world.send('PUT', '/from/changed', { body: 'other' })
    }
    await put('/from/changed')
    assert.equal((await copy('/from/changed', 'gone', asked)).status, 404)
    assert.equal((await world.send('HEAD', '/into/gone')).status, 404)
  })

  it('is a part, and is read only where nothing is known of its bytes', async () => {
    await put('/from/summed', { 'x-amz-checksum-sha256': sha256Of })
    const half = body.subarray(0, 100_000)
    const cases = [
      { algorithm: 'CRC32', range: 'bytes=0-99999', bytes: half, reads: 0 },
      { algorithm: 'CRC32', range: undefined, bytes: body, reads: 0 },
      { algorithm: 'SHA256', range: undefined, bytes: body, reads: 0 },
      { algorithm: 'SHA256', range: 'bytes=0-99999', bytes: half, reads: 1 },
      { algorithm: 'SHA1', range: undefined, bytes: body, reads: 1 },
    ]
    for (const { algorithm, range, bytes, reads } of cases) {
      const asked = { 'x-amz-checksum-algorithm': algorithm }
      const begun = await world.send('POST', '/into/joined?uploads', { headers: asked })
      const upload = textAt(begun.xml, 'UploadId')
      const { readersOpened } = world.objects
      const ranged = range === undefined ? {} : { 'x-amz-copy-source-range': range }
      const headers = { 'x-amz-copy-source': '/from/summed', ...ranged }
      const answer = await world.send('PUT', `/into/joined?partNumber=1&uploadId=${upload}`, { headers })
      const what = `${algorithm} ${range}`
      assert.equal(world.objects.readersOpened - readersOpened, reads, what)
      // A part that is put with these bytes has the same.
      const element = `Checksum${algorithm}`
      const target = `/into/joined?partNumber=2&uploadId=${upload}`
      const uploaded = await world.send('PUT', target, { body: bytes })
      assert.equal(textAt(answer.xml, element), uploaded.headers[`x-amz-checksum-${algorithm.toLowerCase()}`], what)
      assert.match(String(textAt(answer.xml, element)), /=$/)
      const etag = textAt(answer.xml, 'ETag')
      const part = `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`
      const document = `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`
      const done = await world.send('POST', `/into/joined?uploadId=${upload}`, { body: document })
      assert.match(String(textAt(done.xml, element)), /-1$/, done.text)
    }
  })

  it('keeps to its conditions, and to the algorithms that there are', async () => {
    const asked = { 'x-amz-checksum-algorithm': 'SHA1' }
    assert.equal((await copy('/from/plain', 'once', { ...asked, 'If-None-Match': '*' })).status, 200)
    assert.equal((await copy('/from/plain', 'once', { ...asked, 'If-None-Match': '*' })).code, 'PreconditionFailed')
    const unknown = await copy('/from/plain', 'unknown', { 'x-amz-checksum-algorithm': 'ADLER32' })
    assert.deepEqual([unknown.status, unknown.code], [400, 'InvalidRequest'])
    const itself = { 'x-amz-copy-source': '/from/plain', ...asked }
    assert.equal((await world.send('PUT', '/from/plain', { headers: itself })).code, 'InvalidRequest')
  })

  it('ends with its client', async () => {
    for (const encryption of [{}, { [sse]: 'AES256' }]) {
      const reading = Promise.withResolvers<AbortSignal | undefined>()
      world.objects.onSlice = async (signal) => {
        reading.resolve(signal)
        if (signal !== undefined) await once(signal, 'abort')
      }
      const headers: [string, string][] = [
        ['Host', `127.0.0.1:${world.port}`],
        ['Content-Length', '0'],
        ['x-amz-copy-source', '/from/plain'],
        ['x-amz-checksum-algorithm', 'SHA256'],
        ...Object.entries(encryption),
      ]
      const timestamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
      const request = { method: 'PUT', path: '/into/abandoned', query: '', headers }
      const { rawHeaders } = signHeader(world.root, request, { timestamp, payload: sha256('') })
      const outgoing = httpRequest({
        host: '127.0.0.1',
        port: world.port,
        method: 'PUT',
        path: '/into/abandoned',
        headers: [...rawHeaders],
        agent: false,
      })
      outgoing.on('error', () => undefined).end()
      assert.equal((await reading.promise)?.aborted, false)
      outgoing.destroy()
      await eventually('the reader is closed', 10_000, async () => world.objects.readersOpen === 0 || undefined)
      assert.equal((await world.send('HEAD', '/into/abandoned')).status, 404)
    }
  })
})
