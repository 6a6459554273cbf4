// What a bucket does besides answering the API, over a real cluster with two master processes: its website, in a browser's way, and the
// logs of its requests, which both processes write.

import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import type { BucketLoggingStatus, S3Client } from '@aws-sdk/client-s3'

import { defined } from '../../src/base/assert.ts'
import { expectError, sdkClient, textOf } from './aws-sdk/client.ts'
import type { Sdk } from './aws-sdk/client.ts'
import { openEndpoint } from './harness/endpoint.ts'
import type { OpenEndpoint, Transport } from './harness/endpoint.ts'

const websiteDomain = 'web.suite.example'
const requestsCount = 40
/** A process keeps what it knows of a bucket for up to a second. */
const settingsKnownMs = 1_200

for (const transport of ['http', 'TLS'] as const) {
  describe(`beside the API, over ${transport}`, { skip: skipOf(transport) }, () => {
    let open: OpenEndpoint | undefined
    let client: S3Client | undefined
    const send = (): S3Client => defined(client, 'the client was made')
    const sdk: Sdk = { endpoint: () => defined(open, 'it is open').endpoint, client: send }

    before(async () => {
      open = await openEndpoint(transport, 2, {
        args: ['--s3-website-domain', websiteDomain, '--s3-access-logs-every', '1s'],
      })
      client = sdkClient(open.endpoint)
    })
    after(async () => {
      client?.destroy()
      await open?.close()
    })

    async function put(bucket: string, key: string, body: string): Promise<void> {
      await send().send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: 'text/html' }))
    }

    async function policy(bucket: string, statement: object): Promise<void> {
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] })
      await send().send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }))
    }

    test('a website shows pages, redirects and errors to everybody', async () => {
      const Bucket = 'suite-website'
      await send().send(new CreateBucketCommand({ Bucket }))
      await put(Bucket, 'index.html', 'home')
      await put(Bucket, 'docs/index.html', 'docs')
      await put(Bucket, 'error.html', 'not here')
      const WebsiteConfiguration = {
        IndexDocument: { Suffix: 'index.html' },
        ErrorDocument: { Key: 'error.html' },
        RoutingRules: [{ Condition: { KeyPrefixEquals: 'old/' }, Redirect: { ReplaceKeyPrefixWith: 'docs/' } }],
      }
      await send().send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }))
      const visit = async (path: string): Promise<string> =>
        await visited(sdk.endpoint().url, `${Bucket}.${websiteDomain}`, path)
      assert.match(await visit('/'), /^403 .*<h1>403 Forbidden<\/h1>/s)
      await policy(Bucket, {
        Principal: '*',
        Action: ['s3:GetObject', 's3:ListBucket'],
        Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
      })
      await sleep(settingsKnownMs)
      assert.equal(await visit('/'), '200 home')
      assert.equal(await visit('/docs/'), '200 docs')
      assert.equal(await visit('/docs'), '302 /docs/')
      assert.equal(await visit('/nothing'), '404 not here')
      const scheme = transport === 'TLS' ? 'https' : 'http'
      assert.equal(await visit('/old/x'), `301 ${scheme}://${Bucket}.${websiteDomain}/docs/x`)
    })

    test('each request of a bucket is once in its log, whichever process served it', async () => {
      const [Bucket, target] = ['suite-logged', 'suite-logs']
      for (const name of [Bucket, target]) await send().send(new CreateBucketCommand({ Bucket: name }))
      const LoggingEnabled = { TargetBucket: target, TargetPrefix: 'of/' }
      const log = async (status: BucketLoggingStatus): Promise<unknown> =>
        await send().send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: status }))
      await expectError(
        log({ LoggingEnabled: { ...LoggingEnabled, TargetBucket: 'suite-no-such-logs' } }),
        'InvalidTargetBucketForLogging',
        400,
      )
      await policy(target, {
        Principal: { Service: 'logging.s3.amazonaws.com' },
        Action: 's3:PutObject',
        Resource: `arn:aws:s3:::${target}/of/*`,
        Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${Bucket}` } },
      })
      await log({ LoggingEnabled })
      await sleep(settingsKnownMs)
      const names = Array.from({ length: requestsCount }, (_, index) => `file-${index}`)
      for (const name of names) await put(Bucket, name, 'x'.repeat(sizeOf(name)))
      await expectError(send().send(new GetObjectCommand({ Bucket, Key: 'none' })), 'NoSuchKey', 404)
      await send().send(new DeleteObjectCommand({ Bucket, Key: 'file-0' }))
      const lines = await untilLogged(sdk, target, requestsCount + 2)
      const rows = lines.map((line) => line.match(/"[^"]*"|\[[^\]]*\]|\S+/g) ?? [])
      for (const row of rows) assert.equal(row.length, 26, row.join(' '))
      const puts = rows.filter((row) => row[6] === 'REST.PUT.OBJECT').map((row) => `${row[7]} ${row[9]} ${row[12]}`)
      assert.deepEqual(puts.toSorted(), names.map((name) => `${name} 200 ${sizeOf(name)}`).toSorted())
      assert.equal(rows.filter((row) => row[6] === 'REST.GET.OBJECT' && row[10] === 'NoSuchKey').length, 1)
      assert.equal(rows.filter((row) => row[6] === 'REST.DELETE.OBJECT' && row[9] === '204').length, 1)
      const [row = []] = rows
      assert.equal(`${row[19]} ${row[21]}`, 'SigV4 AuthHeader')
      assert.equal(row[23], transport === 'TLS' ? 'TLSv1.3' : '-')
      const { Contents = [] } = await send().send(new ListObjectsV2Command({ Bucket: target }))
      for (const { Key } of Contents) assert.match(String(Key), /^of\/\d{4}(-\d\d){5}-[0-9A-F]{16}$/)
    })
  })
}

/** Only a cluster of the suite's own has these options. */
function skipOf(transport: Transport): string | false {
  const given = process.env['FROSTBYTE_S3_TEST_HTTP'] ?? process.env['FROSTBYTE_S3_TEST_TLS']
  return given === undefined ? false : `needs a cluster of its own, over ${transport}`
}

function sizeOf(name: string): number {
  return Number(name.slice('file-'.length))
}

/** Its status, and its location or else its body. */
async function visited(url: string, host: string, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const send = url.startsWith('https:') ? httpsRequest : httpRequest
  const outgoing = send(`${url}${path}`, { headers: { Host: host }, agent: false, servername: 'localhost' })
  outgoing.on('error', reject)
  outgoing.on('response', (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (slice: string) => {
      text += slice
    })
    response.on('end', () => resolve(`${response.statusCode} ${response.headers.location ?? text}`))
  })
  outgoing.end()
  return await promise
}

async function untilLogged(sdk: Sdk, bucket: string, count: number): Promise<readonly string[]> {
  const deadlineMs = Date.now() + 60_000
  for (;;) {
    const { Contents = [] } = await sdk.client().send(new ListObjectsV2Command({ Bucket: bucket }))
    const texts = await Promise.all(Contents.map(async ({ Key = '' }) => await textOf(sdk, [bucket, Key])))
    const lines = texts.flatMap((text = '') => text.split('\n')).filter((line) => / REST\.\w+\.OBJECT /.test(line))
    if (lines.length >= count || Date.now() > deadlineMs) return lines
    await sleep(200)
  }
}
