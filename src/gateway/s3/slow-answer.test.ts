// Copies that read for longer than clients wait.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, afterEach, before, test } from 'node:test'

import { CopyObjectCommand, S3Client } from '@aws-sdk/client-s3'

import { eventually } from '../../../test/harness/eventually.ts'
import { FrostError } from '../../base/errors.ts'
import { S3World, textAt } from './testing/s3-world.ts'
import type { S3Answer } from './testing/s3-world.ts'
import { xmlDeclaration } from './xml-text.ts'

const body = Buffer.alloc(50_000, 'x')
const md5 = `"${createHash('md5').update(body).digest('hex')}"`
const sum = createHash('sha256').update(body).digest('base64')
const asked = { 'x-amz-copy-source': '/from/k', 'x-amz-checksum-algorithm': 'SHA256' }
let world: S3World

before(async () => {
  world = await S3World.start({ keepAlive: { firstMs: 20, everyMs: 20 } })
  for (const bucket of ['/from', '/into']) await world.send('PUT', bucket)
  const enabled = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await world.send('PUT', '/from?versioning', { body: enabled })
  await world.send('PUT', '/from/k', { body })
})
after(async () => await world[Symbol.asyncDispose]())
afterEach(() => {
  world.objects.onSlice = undefined
  assert.equal(world.objects.readersOpen, 0)
  assert.equal(world.objects.uploadsOpen, 0)
})

function readSlowly(failure?: Error): void {
  const hasSpaces = (): boolean =>
    Array.from(world.gateway.exchanges).some(({ bytesSent }) => bytesSent > xmlDeclaration.length)
  world.objects.onSlice = async () => {
    await eventually('white space', 20_000, async () => hasSpaces() || undefined)
    if (failure !== undefined) throw failure
  }
}

/** The answer has begun before it was known, and is a document all the same. */
function expectSpaces({ status, text, headers }: S3Answer): void {
  assert.equal(status, 200)
  assert.ok(text.startsWith(`${xmlDeclaration} `), text)
  assert.equal(headers['transfer-encoding'], 'chunked')
  assert.match(String(headers['content-type']), /xml/)
  assert.match(String(headers['x-amz-copy-source-version-id']), /./)
}

test('a long copy sends white space until it is done', async () => {
  readSlowly()
  const answer = await world.send('PUT', '/into/k', { headers: asked })
  expectSpaces(answer)
  assert.deepEqual([textAt(answer.xml, 'ETag'), textAt(answer.xml, 'ChecksumSHA256')], [md5, sum])
  world.objects.onSlice = undefined
  assert.ok(body.equals((await world.send('GET', '/into/k')).body))
})

test('a long copy of a part does, too', async () => {
  const begun = await world.send('POST', '/into/parts?uploads', { headers: { 'x-amz-checksum-algorithm': 'SHA256' } })
  readSlowly()
  const target = `/into/parts?partNumber=1&uploadId=${textAt(begun.xml, 'UploadId')}`
  const answer = await world.send('PUT', target, { headers: { 'x-amz-copy-source': '/from/k' } })
  expectSpaces(answer)
  assert.deepEqual([textAt(answer.xml, 'ETag'), textAt(answer.xml, 'ChecksumSHA256')], [md5, sum])
})

test('an error that comes after white space is the document', async () => {
  readSlowly(new FrostError('data-unavailable', 'Too few workers answer.'))
  const answer = await world.send('PUT', '/into/failed', { headers: asked })
  expectSpaces(answer)
  assert.equal(answer.code, 'ServiceUnavailable')
  assert.match(answer.text, /<Error><Code>\w+<\/Code>.*<\/Error>$/s)
  world.objects.onSlice = undefined
  assert.equal((await world.send('HEAD', '/into/failed')).status, 404)
})

test('AWS’s SDK understands both', async () => {
  const { accessKeyId, secret: secretAccessKey, region } = world.root
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${world.port}`,
    region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })
  const command = new CopyObjectCommand({
    Bucket: 'into',
    Key: 'sdk',
    CopySource: 'from/k',
    ChecksumAlgorithm: 'SHA256',
  })
  readSlowly()
  assert.equal((await client.send(command)).CopyObjectResult?.ChecksumSHA256, sum)
  readSlowly(new FrostError('data-unavailable', 'Too few workers answer.'))
  await assert.rejects(client.send(command), { name: 'ServiceUnavailable' })
  client.destroy()
})

test('what is done in time has its own status and all its headers', async () => {
  await using patient = await S3World.start()
  await patient.send('PUT', '/from')
  await patient.send('PUT', '/from/k', { body })
  const answer = await patient.send('PUT', '/from/copy', { headers: asked })
  assert.ok(Number(answer.headers['content-length']) > 0)
  assert.equal(textAt(answer.xml, 'ChecksumSHA256'), sum)
  const refused = await patient.send('PUT', '/from/copy', { headers: { ...asked, 'If-None-Match': '*' } })
  assert.deepEqual([refused.status, refused.code], [412, 'PreconditionFailed'])
})
