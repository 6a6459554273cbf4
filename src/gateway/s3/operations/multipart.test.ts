import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'

import { md5Hex } from '../testing/memory-objects.ts'
import { S3World, textAt, textsAt } from '../testing/s3-world.ts'
import type { S3Answer } from '../testing/s3-world.ts'

const mib = 1024 * 1024
const large = Buffer.alloc(5 * mib, 'part')

function list(parts: readonly (readonly [number, string])[]): string {
  const elements = parts.map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`)
  return `<CompleteMultipartUpload>${elements.join('')}</CompleteMultipartUpload>`
}

describe('multipart uploads', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start()
    await world.send('PUT', '/parts')
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  async function begin(key: string, headers: Record<string, string> = {}): Promise<string> {
    const { xml, status, text } = await world.send('POST', `/parts/${key}?uploads`, { headers })
    assert.equal(status, 200, text)
    return textAt(xml, 'UploadId') ?? ''
  }

  async function put(
    key: string,
    upload: string,
    part: { number: number; body: Uint8Array | string },
  ): Promise<string> {
    const target = `/parts/${key}?partNumber=${part.number}&uploadId=${upload}`
    const { headers, status, text } = await world.send('PUT', target, { body: part.body })
    assert.equal(status, 200, text)
    return String(headers.etag)
  }

  it('become one object, with the ETag of AWS', async () => {
    const upload = await begin('whole', { 'Content-Type': 'text/plain', 'x-amz-meta-a': 'b' })
    const two = await put('whole', upload, { number: 2, body: 'end' })
    const one = await put('whole', upload, { number: 1, body: large })
    const parts = await world.send('GET', `/parts/whole?uploadId=${upload}`)
    assert.deepEqual(textsAt(parts.xml, 'Part', 'PartNumber'), ['1', '2'])
    assert.deepEqual(textsAt(parts.xml, 'Part', 'Size'), [String(large.length), '3'])
    const uploads = await world.send('GET', '/parts?uploads')
    assert.deepEqual(textsAt(uploads.xml, 'Upload', 'UploadId'), [upload])
    const body = list([
      [1, one],
      [2, two],
    ])
    const done = await world.send('POST', `/parts/whole?uploadId=${upload}`, { body })
    assert.equal(done.status, 200, done.text)
    const md5s = Buffer.from(md5Hex(large) + md5Hex('end'), 'hex')
    const etag = `"${createHash('md5').update(md5s).digest('hex')}-2"`
    assert.equal(textAt(done.xml, 'ETag'), etag)
    const got = await world.send('GET', '/parts/whole')
    assert.ok(Buffer.concat([large, Buffer.from('end')]).equals(got.body))
    assert.deepEqual(
      [got.headers['content-type'], got.headers['x-amz-meta-a'], got.headers.etag],
      ['text/plain', 'b', etag],
    )
    const second = await world.send('GET', '/parts/whole?partNumber=2')
    assert.deepEqual([second.status, second.text, second.headers['x-amz-mp-parts-count']], [206, 'end', '2'])
    const again = await world.send('POST', `/parts/whole?uploadId=${upload}`, { body })
    assert.deepEqual([again.status, textAt(again.xml, 'ETag')], [200, etag])
    assert.equal((await world.send('GET', `/parts/whole?uploadId=${upload}`)).code, 'NoSuchUpload')
    assert.deepEqual(textsAt((await world.send('GET', '/parts?uploads')).xml, 'Upload'), [])
  })

  it('are refused where a part is too small, wrong or out of order', async () => {
    const upload = await begin('refused')
    const one = await put('refused', upload, { number: 1, body: 'small' })
    const two = await put('refused', upload, { number: 2, body: 'small too' })
    const complete = async (body: string): Promise<string> => {
      return (await world.send('POST', `/parts/refused?uploadId=${upload}`, { body })).code
    }
    const both = (...order: (readonly [number, string])[]): string => list(order)
    assert.equal(await complete(both([1, one], [2, two])), 'EntityTooSmall')
    assert.equal(await complete(both([2, two], [1, one])), 'InvalidPartOrder')
    assert.equal(await complete(both([1, two])), 'InvalidPart')
    assert.equal(await complete(both([3, two])), 'InvalidPart')
    // A checksum that is not stored with the part cannot be compared.
    const unseen = list([[1, one]]).replace('</Part>', `<ChecksumSHA256>${'A'.repeat(43)}=</ChecksumSHA256></Part>`)
    assert.equal(await complete(unseen), 'InvalidPart')
    assert.equal(await complete('<CompleteMultipartUpload/>'), 'MalformedXML')
    assert.equal(await complete('nothing'), 'MalformedXML')
    const size = { 'x-amz-mp-object-size': '1' }
    const target = `/parts/refused?uploadId=${upload}`
    assert.equal((await world.send('POST', target, { body: list([[1, one]]), headers: size })).code, 'InvalidRequest')
    assert.equal((await world.send('PUT', `${target}&partNumber=0`, { body: 'x' })).code, 'InvalidArgument')
    assert.equal((await world.send('PUT', `${target}&partNumber=10001`, { body: 'x' })).code, 'InvalidArgument')
    assert.equal((await world.send('DELETE', target)).status, 204)
    for (const [method, query] of [
      ['PUT', '&partNumber=1'],
      ['GET', ''],
      ['DELETE', ''],
    ] as const) {
      assert.equal((await world.send(method, `${target}${query}`)).code, 'NoSuchUpload', method)
    }
    assert.equal((await world.send('GET', '/parts/refused?uploadId=nonsense')).code, 'NoSuchUpload')
    assert.equal(world.objects.uploadsOpen, 0)
  })

  it('are completed under a condition', async () => {
    await world.send('PUT', '/parts/there', { body: 'x' })
    const upload = await begin('there')
    const one = await put('there', upload, { number: 1, body: 'new' })
    const target = `/parts/there?uploadId=${upload}`
    const headers = { 'If-None-Match': '*' }
    assert.equal((await world.send('POST', target, { body: list([[1, one]]), headers })).code, 'PreconditionFailed')
    assert.equal((await world.send('GET', '/parts/there')).text, 'x')
  })

  it('have checksums of parts and whole, composite or full', async () => {
    const sha = createHash('sha256').update('only').digest()
    const upload = await begin('sums', { 'x-amz-checksum-algorithm': 'SHA256' })
    const target = `/parts/sums?partNumber=1&uploadId=${upload}`
    const wrong = await world.send('PUT', target, { body: 'only', headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } })
    assert.equal(wrong.code, 'InvalidRequest')
    const part = await world.send('PUT', target, { body: 'only' })
    assert.equal(part.headers['x-amz-checksum-sha256'], sha.toString('base64'))
    const composite = `${createHash('sha256').update(sha).digest('base64')}-1`
    const complete = async (headers: Readonly<Record<string, string>>): Promise<S3Answer> =>
      await world.send('POST', `/parts/sums?uploadId=${upload}`, {
        body: list([[1, String(part.headers.etag)]]),
        headers,
      })
    assert.equal((await complete({ 'x-amz-checksum-type': 'FULL_OBJECT' })).code, 'InvalidRequest')
    assert.equal((await complete({ 'x-amz-checksum-sha256': `${sha.toString('base64')}-1` })).code, 'BadDigest')
    const done = await complete({ 'x-amz-checksum-type': 'COMPOSITE', 'x-amz-checksum-sha256': composite })
    assert.deepEqual([textAt(done.xml, 'ChecksumSHA256'), textAt(done.xml, 'ChecksumType')], [composite, 'COMPOSITE'])
    const head = await world.send('HEAD', '/parts/sums', { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    assert.equal(head.headers['x-amz-checksum-sha256'], composite)
  })

  it('take parts from other objects', async () => {
    await world.send('PUT', '/parts/source', { body: '0123456789' })
    const upload = await begin('copied')
    const copy = async (number: number, range?: string): Promise<string | undefined> => {
      const headers: Record<string, string> = { 'x-amz-copy-source': '/parts/source' }
      if (range !== undefined) headers['x-amz-copy-source-range'] = range
      const answer = await world.send('PUT', `/parts/copied?partNumber=${number}&uploadId=${upload}`, { headers })
      return answer.status === 200 ? textAt(answer.xml, 'ETag') : answer.code
    }
    const etag = await copy(1, 'bytes=2-4')
    assert.equal(await copy(2, 'bytes=2-10'), 'InvalidArgument')
    assert.equal(await copy(2, '2-4'), 'InvalidArgument')
    const done = await world.send('POST', `/parts/copied?uploadId=${upload}`, { body: list([[1, etag ?? '']]) })
    assert.equal(done.status, 200, done.text)
    assert.equal((await world.send('GET', '/parts/copied')).text, '234')
  })

  it('are listed by pages', async () => {
    await world.send('PUT', '/pages')
    const uploads: string[] = []
    for (const key of ['a', 'a', 'b/c', 'd'])
      uploads.push(textAt((await world.send('POST', `/pages/${key}?uploads`)).xml, 'UploadId') ?? '')
    const seen: string[] = []
    let marker = ''
    do {
      const { xml } = await world.send('GET', `/pages?uploads&delimiter=/&max-uploads=1${marker}`)
      seen.push(...textsAt(xml, 'Upload', 'UploadId'), ...textsAt(xml, 'CommonPrefixes', 'Prefix'))
      const [key = '', id = ''] = [textAt(xml, 'NextKeyMarker'), textAt(xml, 'NextUploadIdMarker')]
      marker =
        textAt(xml, 'IsTruncated') === 'true' ? `&key-marker=${encodeURIComponent(key)}&upload-id-marker=${id}` : ''
    } while (marker !== '')
    assert.deepEqual(seen, [uploads[0], uploads[1], 'b/', uploads[3]])
    const parts = textAt((await world.send('POST', '/pages/p?uploads')).xml, 'UploadId') ?? ''
    for (const number of [1, 5, 9])
      await world.send('PUT', `/pages/p?uploadId=${parts}&partNumber=${number}`, { body: 'x' })
    const first = await world.send('GET', `/pages/p?uploadId=${parts}&max-parts=2`)
    assert.deepEqual([textAt(first.xml, 'IsTruncated'), textAt(first.xml, 'NextPartNumberMarker')], ['true', '5'])
    const rest = await world.send('GET', `/pages/p?uploadId=${parts}&part-number-marker=5`)
    assert.deepEqual(textsAt(rest.xml, 'Part', 'PartNumber'), ['9'])
    assert.equal(textAt(rest.xml, 'IsTruncated'), 'false')
  })
})

describe('copies', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start()
    await world.send('PUT', '/from')
    await world.send('PUT', '/into')
    const headers = { 'Content-Type': 'text/plain', 'x-amz-meta-a': '1', 'x-amz-tagging': 't=1' }
    await world.send('PUT', '/from/a%20b', { body: 'source', headers })
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  async function copy(target: string, headers: Record<string, string> = {}): Promise<string> {
    const given = { 'x-amz-copy-source': '/from/a%20b', ...headers }
    const { status, code } = await world.send('PUT', target, { headers: given })
    return `${status} ${code}`
  }

  it('keep what the source has, or take what the request says', async () => {
    assert.equal(await copy('/into/same'), '200 ')
    const same = await world.send('GET', '/into/same')
    assert.deepEqual(
      [same.text, same.headers['content-type'], same.headers['x-amz-meta-a'], same.headers['x-amz-tagging-count']],
      ['source', 'text/plain', '1', '1'],
    )
    const replace = {
      'x-amz-metadata-directive': 'REPLACE',
      'Content-Type': 'text/css',
      'x-amz-tagging-directive': 'REPLACE',
    }
    assert.equal(await copy('/into/other', replace), '200 ')
    const other = await world.send('GET', '/into/other')
    assert.deepEqual(
      [other.text, other.headers['content-type'], other.headers['x-amz-meta-a'], other.headers['x-amz-tagging-count']],
      ['source', 'text/css', undefined, undefined],
    )
  })

  it('of an object to itself change something', async () => {
    const source = { 'x-amz-copy-source': 'from/a%20b' }
    assert.equal((await world.send('PUT', '/from/a%20b', { headers: source })).code, 'InvalidRequest')
    const headers = { ...source, 'x-amz-storage-class': 'STANDARD_IA' }
    assert.equal((await world.send('PUT', '/from/a%20b', { headers })).status, 200)
    assert.equal((await world.send('HEAD', '/from/a%20b')).headers['x-amz-storage-class'], 'STANDARD_IA')
  })

  it('meet conditions on source and target', async () => {
    const etag = `"${md5Hex('source')}"`
    assert.equal(await copy('/into/c', { 'x-amz-copy-source-if-match': etag }), '200 ')
    assert.equal(await copy('/into/c', { 'x-amz-copy-source-if-match': '"x"' }), '412 PreconditionFailed')
    assert.equal(await copy('/into/c', { 'x-amz-copy-source-if-none-match': etag }), '412 PreconditionFailed')
    assert.equal(await copy('/into/c', { 'If-None-Match': '*' }), '412 PreconditionFailed')
    assert.equal(await copy('/into/d', { 'If-None-Match': '*' }), '200 ')
  })

  it('are refused where the source is none, or not to be read', async () => {
    assert.equal(await copy('/into/x', { 'x-amz-copy-source': '/from/absent' }), '404 NoSuchKey')
    assert.equal(await copy('/into/x', { 'x-amz-copy-source': '/absent-bucket/a' }), '404 NoSuchBucket')
    assert.equal(await copy('/into/x', { 'x-amz-copy-source': 'nonsense' }), '400 InvalidArgument')
    assert.equal(await copy('/into/x', { 'x-amz-checksum-algorithm': 'nonsense' }), '400 InvalidRequest')
    assert.equal(await copy('/into/x', { 'x-amz-checksum-algorithm': 'sha256' }), '200 ')
    assert.equal(await copy('/into/x', { 'x-amz-metadata-directive': 'MAYBE' }), '400 InvalidArgument')
    const writer = await world.user('nobody-much', 'none')
    const headers = { 'x-amz-copy-source': '/from/a%20b' }
    assert.equal((await world.send('PUT', '/into/x', { headers, as: writer })).code, 'AccessDenied')
  })
})

describe('versions', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start()
    await world.send('PUT', '/kept')
    await world.send('PUT', '/kept/k', { body: 'null version' })
    const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
    await world.send('PUT', '/kept?versioning', { body })
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  it('are kept, read, hidden by markers, and removed for good', async () => {
    const one = String((await world.send('PUT', '/kept/k', { body: 'one' })).headers['x-amz-version-id'])
    const two = String((await world.send('PUT', '/kept/k', { body: 'two' })).headers['x-amz-version-id'])
    assert.equal((await world.send('GET', `/kept/k?versionId=${one}`)).text, 'one')
    assert.equal((await world.send('GET', '/kept/k?versionId=null')).text, 'null version')
    assert.equal((await world.send('GET', '/kept/k')).headers['x-amz-version-id'], two)
    const hidden = await world.send('DELETE', '/kept/k')
    assert.deepEqual([hidden.status, hidden.headers['x-amz-delete-marker']], [204, 'true'])
    const marker = String(hidden.headers['x-amz-version-id'])
    const gone = await world.send('GET', '/kept/k')
    assert.deepEqual([gone.code, gone.headers['x-amz-delete-marker']], ['NoSuchKey', 'true'])
    assert.equal((await world.send('GET', `/kept/k?versionId=${marker}`)).code, 'MethodNotAllowed')
    const all = await world.send('GET', '/kept?versions')
    assert.deepEqual(textsAt(all.xml, 'Version', 'VersionId'), [two, one, 'null'])
    assert.deepEqual(textsAt(all.xml, 'DeleteMarker', 'VersionId'), [marker])
    assert.deepEqual(textsAt(all.xml, 'Version', 'IsLatest'), ['false', 'false', 'false'])
    const removed = await world.send('DELETE', `/kept/k?versionId=${marker}`)
    assert.equal(removed.headers['x-amz-delete-marker'], 'true')
    assert.equal((await world.send('GET', '/kept/k')).text, 'two')
    await world.send('DELETE', `/kept/k?versionId=${two}`)
    assert.equal((await world.send('GET', '/kept/k')).text, 'one')
    assert.equal((await world.send('GET', `/kept/k?versionId=${two}`)).code, 'NoSuchVersion')
    assert.equal((await world.send('GET', '/kept/k?versionId=x')).code, 'InvalidArgument')
    assert.equal((await world.send('GET', '/kept/k?versionId=')).code, 'InvalidArgument')
  })

  it('have no ids in answers to writes once they are suspended', async () => {
    const state = (status: string): string =>
      `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`
    await world.send('PUT', '/ended')
    await world.send('PUT', '/ended?versioning', { body: state('Enabled') })
    const versioned = await world.send('PUT', '/ended/k', { body: 'kept' })
    assert.notEqual(versioned.headers['x-amz-version-id'], undefined)
    await world.send('PUT', '/ended?versioning', { body: state('Suspended') })
    const put = await world.send('PUT', '/ended/k', { body: 'the null version' })
    assert.deepEqual([put.status, put.headers['x-amz-version-id']], [200, undefined])
    assert.equal((await world.send('GET', '/ended/k')).headers['x-amz-version-id'], 'null')
    const begun = await world.send('POST', '/ended/k?uploads')
    const target = `/ended/k?uploadId=${textAt(begun.xml, 'UploadId')}`
    const part = await world.send('PUT', `${target}&partNumber=1`, { body: 'part' })
    const body = list([[1, String(part.headers.etag)]])
    const done = await world.send('POST', target, { body })
    assert.deepEqual([done.status, done.headers['x-amz-version-id']], [200, undefined])
    assert.equal((await world.send('GET', '/ended/k?versionId=null')).text, 'part')
  })

  it('are listed by pages', async () => {
    for (const key of ['p/1', 'p/2']) for (const body of ['a', 'b']) await world.send('PUT', `/kept/${key}`, { body })
    const seen: string[] = []
    let marker = ''
    do {
      const { xml } = await world.send('GET', `/kept?versions&prefix=p/&max-keys=1${marker}`)
      seen.push(...textsAt(xml, 'Version', 'Key').map((key) => `${key} ${textAt(xml, 'Version', 'IsLatest')}`))
      const [key = '', id = ''] = [textAt(xml, 'NextKeyMarker'), textAt(xml, 'NextVersionIdMarker')]
      marker = textAt(xml, 'IsTruncated') === 'true' ? `&key-marker=${key}&version-id-marker=${id}` : ''
    } while (marker !== '')
    assert.deepEqual(seen, ['p/1 true', 'p/1 false', 'p/2 true', 'p/2 false'])
  })

  it('many are deleted in one request, each with its outcome', async () => {
    await world.send('PUT', '/many')
    for (const key of ['a', 'b']) await world.send('PUT', `/many/${key}`)
    const key = (name: string, more = ''): string => `<Object><Key>${name}</Key>${more}</Object>`
    const body = `<Delete>${key('a')}${key('absent')}${key('b', '<VersionId>nonsense</VersionId>')}</Delete>`
    const answer = await world.send('POST', '/many?delete', { body })
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(textsAt(answer.xml, 'Deleted', 'Key'), ['a', 'absent'])
    assert.deepEqual(textsAt(answer.xml, 'Error', 'Code'), ['InvalidArgument'])
    const quiet = await world.send('POST', '/many?delete', { body: `<Delete><Quiet>true</Quiet>${key('b')}</Delete>` })
    assert.deepEqual(textsAt(quiet.xml, 'Deleted', 'Key'), [])
    assert.deepEqual(textsAt((await world.send('GET', '/many')).xml, 'Contents', 'Key'), [])
    const reader = await world.user('reads', 'reader')
    const refused = await world.send('POST', '/many?delete', { body: `<Delete>${key('a')}</Delete>`, as: reader })
    assert.deepEqual([refused.status, textAt(refused.xml, 'Error', 'Code')], [200, 'AccessDenied'])
  })
})
