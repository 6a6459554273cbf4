import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'

import fc from 'fast-check'

import { FrostError } from '../../../base/errors.ts'
import { NodeClock } from '../../../node/clock.ts'
import { StallWatch } from '../../http/stall-watch.ts'
import { S3Error } from '../s3-error.ts'
import { CollectingSink, cutBytes } from '../testing/body-bytes.ts'
import { receivePostForm } from './post-form.ts'
import type { PostForm } from './post-form.ts'

const boundary = 'XyZ-boundary'
const formType = `multipart/form-data; boundary=${boundary}`

interface Part {
  readonly disposition: string
  readonly value: string
}

function field(name: string, value: string): Part {
  return { disposition: `form-data; name="${name}"`, value }
}

function file(value: string, fileName = 'photo.jpg'): Part {
  return { disposition: `form-data; name="file"; filename="${fileName}"`, value }
}

function form(parts: readonly Part[]): Uint8Array {
  const text = parts.map(
    ({ disposition, value }) => `--${boundary}\r\nContent-Disposition: ${disposition}\r\n\r\n${value}\r\n`,
  )
  return Buffer.from(`${text.join('')}--${boundary}--\r\n`)
}

interface Outcome {
  readonly form: PostForm | undefined
  readonly bytes: string
  readonly error: unknown
}

/** What is received of a body that a client sends over a real connection. */
async function send(
  body: Uint8Array,
  options: { readonly type?: string; readonly cuts?: readonly number[] } = {},
): Promise<Outcome> {
  let outcome: Outcome | undefined
  const server = createServer((message, response) => {
    const sink = new CollectingSink({ isSlow: true })
    let opened: PostForm | undefined
    const exchange = {
      request: message,
      hasBody: true,
      onClose: () => undefined,
      acceptBody: () => undefined,
      bytesReceived: 0,
    }
    const watch = new StallWatch(new NodeClock(), 60_000)
    const open = (head: PostForm): Promise<CollectingSink> => {
      opened = head
      return Promise.resolve(sink)
    }
    const end = (error: unknown): void => {
      outcome = { form: opened, bytes: Buffer.from(sink.bytes).toString(), error }
      watch.close()
      message.resume()
      response.end()
    }
    receivePostForm(exchange, { bucket: 'photos', watch, open }).then(() => end(undefined), end)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = request({
    port,
    method: 'POST',
    headers: { 'content-type': options.type ?? formType, 'content-length': body.length },
  })
  const answered = once(client, 'response')
  for (const slice of cutBytes(body, options.cuts ?? [body.length])) client.write(slice)
  client.end()
  const [response] = await answered
  response.resume()
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
  assert(outcome !== undefined)
  return outcome
}

test('fields before the file are read, and the file goes on', async () => {
  const parts = [
    // oxlint-disable-next-line no-template-curly-in-string -- so it stands in the form
    field('Key', 'user/${filename}'),
    field('X-Amz-Meta-Ä', 'größe'),
    field('bucket', 'other'),
    file('bytes '.repeat(50_000), 'C:\\pictures\\Katze $1.jpg'),
    field('submit', 'Upload'),
  ]
  const body = form(parts)
  for (const cuts of [[body.length], [60_000], [7, 1, 30_000]]) {
    const { form: received, bytes, error } = await send(body, { cuts })
    assert.equal(error, undefined)
    assert.equal(received?.key, 'user/Katze $1.jpg')
    assert.deepEqual(
      [...received.fields],
      [
        ['key', 'user/Katze $1.jpg'],
        ['x-amz-meta-ä', 'größe'],
        ['bucket', 'photos'],
      ],
    )
    assert.equal(bytes, 'bytes '.repeat(50_000))
  }
})

test('what is wrong with a form is told as AWS tells it', async () => {
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ['no file', form([field('key', 'a')]), 'InvalidArgument'],
    ['two files', form([field('key', 'a'), file('1'), file('2')]), 'InvalidArgument'],
    ['no key', form([file('x'), field('key', 'too late')]), 'InvalidArgument'],
    ['a field twice', form([field('key', 'a'), field('KEY', 'b'), file('x')]), 'MalformedPOSTRequest'],
    ['a field too long', form([field('key', 'a'.repeat(30_000)), file('x')]), 'MaxPostPreDataLengthExceeded'],
    [
      'fields too long',
      form([...Array(30).keys()].map((n) => field(`x-${n}`, 'a'.repeat(1_000)))),
      'MaxPostPreDataLengthExceeded',
    ],
    ['too many fields', form([...Array(200).keys()].map((n) => field(`x-${n}`, ''))), 'MalformedPOSTRequest'],
    ['cut off in the file', form([field('key', 'a'), file('x')]).subarray(0, -20), 'MalformedPOSTRequest'],
    ['no form', Buffer.from('hello'), 'MalformedPOSTRequest'],
  ]
  for (const [what, body, code] of cases) {
    const { error } = await send(body)
    assert(error instanceof S3Error, what)
    assert.equal(error.code, code, what)
  }
  for (const type of ['text/plain', 'multipart/form-data', '']) {
    const { error } = await send(form([file('x')]), { type })
    assert(error instanceof S3Error)
    assert.equal(error.code, 'PreconditionFailed')
  }
})

test('a field without a name is read past', async () => {
  const { error, form: received } = await send(
    form([{ disposition: 'form-data', value: 'x' }, field('key', 'a'), file('x')]),
  )
  assert.equal(error, undefined)
  assert.deepEqual(received?.fields.get('key'), 'a')
})

test('any form at all: an error that is meant', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      `--${boundary}`,
      '\r\n',
      '\r\n\r\n',
      '--',
      'Content-Disposition: form-data; name="key"',
      'Content-Disposition: form-data; name="file"',
      'Content-Disposition: form-data',
      'Content-Disposition: x',
      'Content-Type: text/plain; charset=utf-16',
    ),
    fc.string({ maxLength: 10 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
      const { error } = await send(Buffer.from(`--${boundary}\r\n${pieces.join('')}`))
      assert(error === undefined || error instanceof S3Error || error instanceof FrostError, String(error))
    }),
    { numRuns: 100 },
  )
})
