// Events over real processes: while master processes are killed (kill -9) one after the other, objects are uploaded through both faces and
// removed. Every change that was acknowledged reaches the webhook at least once, signed.
// FROSTBYTE_TEST_EVENT_KILLS is the number of kills.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import * as s3 from '@aws-sdk/client-s3'

import { defined } from '../../src/base/assert.ts'
import { eventually } from '../harness/eventually.ts'
import { sdkClient } from './aws-sdk/client.ts'
import { openEndpoint } from './harness/endpoint.ts'
import type { OpenEndpoint } from './harness/endpoint.ts'
import { RawS3 } from './harness/raw-s3.ts'

const kills = Number(process.env['FROSTBYTE_TEST_EVENT_KILLS'] ?? 4)
const processes = 3
const writers = 4
const bucket = 'suite-events'
const secret = 'a-secret-of-the-suite'
const token = 'a-token-of-the-suite'
const deliveredWithinMs = 60_000
const answerWithinMs = 10_000

interface Received {
  readonly name: string
  readonly key: string
  readonly size: number | undefined
  readonly sequencer: string
}

/** Refuses one message in seven, takes the others and keeps them. */
class Receiver {
  readonly received: Received[] = []
  readonly tests: string[] = []
  readonly faults: string[] = []
  readonly #server: Server
  #count = 0

  constructor() {
    this.#server = createServer((request, response) => {
      const answer = (status: number): void => {
        response.writeHead(status).end()
      }
      this.#onRequest(request).then(answer, () => response.destroy())
    })
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/events`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #onRequest(request: IncomingMessage): Promise<number> {
    const slices: Buffer[] = []
    for await (const slice of request) slices.push(slice as Buffer)
    const body = Buffer.concat(slices).toString()
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = request.headers
    const expected = createHmac('sha256', secret)
      .update(`${String(id)}.${String(timestamp)}.${body}`)
      .digest('base64')
    if (signature !== `v1,${expected}` || request.headers.authorization !== `Bearer ${token}`) {
      this.faults.push(body)
      return 401
    }
    const message = JSON.parse(body) as {
      Event?: string
      Records?: { eventName: string; s3: { object: { key: string; size?: number; sequencer: string } } }[]
    }
    if (message.Event !== undefined) {
      this.tests.push(message.Event)
      return 200
    }
    if (++this.#count % 7 === 0) return 503
    for (const { eventName: name, s3: of } of message.Records ?? []) {
      const { key, size, sequencer } = of.object
      this.received.push({ name, key: decodeURIComponent(key.replaceAll('+', ' ')), size, sequencer })
    }
    return 200
  }
}

const configuration =
  '<NotificationConfiguration><QueueConfiguration><Id>all</Id><Queue>arn:frostbyte:sqs::suite:webhook</Queue>' +
  '<Event>s3:ObjectCreated:*</Event><Event>s3:ObjectRemoved:*</Event><Event>s3:ObjectTagging:*</Event>' +
  '<Filter><S3Key><FilterRule><Name>prefix</Name><Value>told/</Value></FilterRule></S3Key></Filter>' +
  '</QueueConfiguration></NotificationConfiguration>'

describe(
  'events, while master processes are killed',
  { skip: process.env['FROSTBYTE_S3_TEST_HTTP'] !== undefined },
  () => {
    const receiver = new Receiver()
    let open: OpenEndpoint
    let client: RawS3

    before(async () => {
      const env = {
        FROSTBYTE_WEBHOOKS: `suite=${await receiver.listen()}`,
        FROSTBYTE_WEBHOOK_SECRETS: `suite=${secret}`,
        FROSTBYTE_WEBHOOK_TOKENS: `suite=${token}`,
      }
      open = await openEndpoint('http', processes, { env })
      client = await RawS3.open(open.endpoint)
      assert.equal((await client.send({ method: 'PUT', path: `/${bucket}` })).status, 200)
      for (const path of [`/${bucket}`, '/default']) {
        const put = await client.send({ method: 'PUT', path, query: 'notification=', body: Buffer.from(configuration) })
        assert.equal(put.status, 200, put.body.toString())
      }
      await sleep(1_500) // for as long other processes may not know of it
    })
    after(async () => {
      client.close()
      await open.close()
      receiver.close()
    })

    test('the webhook was tested', () => {
      assert.deepEqual(receiver.tests, ['s3:TestEvent', 's3:TestEvent'])
    })

    test('of every kind reach the webhook', async () => {
      const sdk = sdkClient(open.endpoint)
      const at = (key: string): { readonly Bucket: string; readonly Key: string } => ({
        Bucket: bucket,
        Key: `told/${key}`,
      })
      await sdk.send(new s3.PutObjectCommand({ ...at('a b'), Body: 'abc' }))
      await sdk.send(new s3.CopyObjectCommand({ ...at('c'), CopySource: `/${bucket}/told/a%20b` }))
      const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] }
      await sdk.send(new s3.PutObjectTaggingCommand({ ...at('c'), Tagging }))
      await sdk.send(new s3.DeleteObjectTaggingCommand(at('c')))
      const { UploadId } = await sdk.send(new s3.CreateMultipartUploadCommand(at('m')))
      const part = { ...at('m'), UploadId, PartNumber: 1 }
      const { ETag } = await sdk.send(new s3.UploadPartCommand({ ...part, Body: 'part' }))
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
      await sdk.send(new s3.CompleteMultipartUploadCommand({ ...at('m'), UploadId, MultipartUpload }))
      await sdk.send(new s3.DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: [{ Key: 'told/c' }] } }))
      await sdk.send(new s3.PutObjectCommand({ Bucket: bucket, Key: 'untold', Body: 'x' }))
      const VersioningConfiguration = { Status: 'Enabled' } as const
      await sdk.send(new s3.PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }))
      const { VersionId } = await sdk.send(new s3.DeleteObjectCommand(at('m')))
      await sdk.send(new s3.DeleteObjectCommand({ ...at('m'), VersionId }))
      sdk.destroy()
      const expected = [
        'ObjectCreated:Put told/a b',
        'ObjectCreated:Copy told/c',
        'ObjectTagging:Put told/c',
        'ObjectTagging:Delete told/c',
        'ObjectRemoved:Delete told/c',
        'ObjectCreated:CompleteMultipartUpload told/m',
        'ObjectRemoved:DeleteMarkerCreated told/m',
        'ObjectRemoved:Delete told/m',
      ].toSorted()
      await eventually(
        'events of every kind',
        deliveredWithinMs,
        () => receiver.received.length >= expected.length || undefined,
      )
      assert.deepEqual(receiver.received.map(({ name, key }) => `${name} ${key}`).toSorted(), expected)
      const ofC = receiver.received.filter(({ key }) => key === 'told/c')
      assert.deepEqual(
        ofC.map(({ sequencer }) => sequencer),
        ofC.map(({ sequencer }) => sequencer).toSorted(),
      )
      assert.equal(receiver.received.find(({ name }) => name === 'ObjectCreated:Copy')?.size, 3)
    })

    test(`of every acknowledged upload and delete arrive, through ${kills} kills`, async () => {
      const up = defined(open.up, 'the cluster is our own')
      const acknowledged: { readonly name: string; readonly key: string }[] = []
      let isOver = false
      const write = async (writer: number): Promise<void> => {
        for (let index = 0; !isOver; index++) {
          const key = `told/${writer}-${index}`
          const name = `ObjectCreated:Put`
          if (await isDone(open, writer % 2 === 0 ? 's3' : 'rest', key)) acknowledged.push({ name, key })
          if (index % 3 === 0 && (await isRemoved(up.url, `told/${writer}-${index - 1}`)))
            acknowledged.push({ name: 'ObjectRemoved:Delete', key: `told/${writer}-${index - 1}` })
          await sleep(20)
        }
      }
      const writing = Array.from({ length: writers }, async (_, writer) => await write(writer))
      const more = async (): Promise<void> => {
        const known = acknowledged.length
        await eventually('more changes', 90_000, () => acknowledged.length >= known + 30 || undefined)
      }
      try {
        for (let kill = 0; kill < kills; kill++) {
          await more()
          const pids = await up.pidsOf((args) => args.includes('master'))
          // The first one alone commits; it has its turn too.
          process.kill(defined(pids[kill % pids.length], 'a master process'), 'SIGKILL')
        }
        await more()
      } finally {
        isOver = true
        await Promise.all(writing)
      }
      await eventually('all events', 2 * deliveredWithinMs, () => {
        const names = new Set(receiver.received.map(({ name, key }) => `${name} ${key}`))
        const missing = acknowledged.filter(({ name, key }) => !names.has(`${name} ${key}`))
        if (missing.length > 0) throw new Error(`${missing.length} are missing, as ${JSON.stringify(missing[0])}`)
        return true
      })
      assert.deepEqual(receiver.faults, [], 'all were signed')
    })
  },
)

/** Whether an upload was acknowledged. Each has a connection of its own: a killed process takes its connections along. */
async function isDone({ endpoint, up }: OpenEndpoint, face: 's3' | 'rest', key: string): Promise<boolean> {
  const body = Buffer.from(key)
  try {
    if (face === 'rest') return await isAnswered(`${up?.url}/upload?filename=${encodeURIComponent(key)}`, 'PUT', body)
    const client = await RawS3.open(endpoint)
    try {
      return (
        (await Promise.race([client.send({ method: 'PUT', path: `/${bucket}/${key}`, body }), late()]))?.status === 200
      )
    } finally {
      client.close()
    }
  } catch {
    return false
  }
}

/** Of the bucket of REST. */
async function isRemoved(url: string, key: string): Promise<boolean> {
  return await isAnswered(`${url}/delete?filename=${encodeURIComponent(key)}`, 'DELETE').catch(() => false)
}

/** A killed process answers nobody. */
async function late(): Promise<undefined> {
  await sleep(answerWithinMs, undefined, { ref: false })
}

async function isAnswered(url: string, method: string, body?: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const signal = AbortSignal.timeout(answerWithinMs)
  const response = await fetch(url, { method, signal, headers: { connection: 'close' }, ...(body && { body }) })
  await response.arrayBuffer()
  return response.ok
}
