// A large object: uploaded in parts by several connections at once, copied on the server, and read back from both, byte for byte. The
// copy moves no data, which the time of a copy of 64 MiB beside it shows; times are printed, not judged. FROSTBYTE_TEST_S3_LARGE_MIB is
// its size; 5120 in the full run.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'

import { MIB } from '../../src/base/units.ts'
import { Payload, payloadSliceBytesMax } from '../../src/cli/bench/payload.ts'
import { openEndpoint } from './harness/endpoint.ts'
import type { OpenEndpoint } from './harness/endpoint.ts'
import { RawS3 } from './harness/raw-s3.ts'

const largeBytes = Number(process.env['FROSTBYTE_TEST_S3_LARGE_MIB'] ?? 192) * MIB + 12_345
const smallBytes = 64 * MIB
const partBytes = 64 * MIB
const connectionsAtOnce = 4
const bucket = 'suite-large'
const payload = new Payload(5)

function* slices(offset: number, length: number): Generator<Uint8Array> {
  for (let at = 0; at < length; at += payloadSliceBytesMax)
    yield payload.slice(0, offset + at, Math.min(payloadSliceBytesMax, length - at))
}

function tagOf(text: string, name: string): string {
  return new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1] ?? ''
}

describe(`an object of ${Math.floor(largeBytes / MIB)} MiB`, () => {
  let open: OpenEndpoint
  let connections: readonly RawS3[] = []
  const one = (): RawS3 => connections[0] ?? assert.fail('there is a connection')

  before(async () => {
    open = await openEndpoint('http')
    connections = await Promise.all(
      Array.from({ length: connectionsAtOnce }, async () => await RawS3.open(open.endpoint)),
    )
    assert.equal((await one().send({ method: 'PUT', path: `/${bucket}` })).status, 200)
  })
  after(async () => {
    for (const connection of connections) connection.close()
    await open.close()
  })

  const copy = async (source: string, target: string): Promise<number> => {
    const startMs = performance.now()
    const headers = { 'x-amz-copy-source': `/${bucket}/${source}` }
    const { status, body } = await one().send({ method: 'PUT', path: `/${bucket}/${target}`, headers })
    assert.equal(status, 200, body.toString())
    const ms = performance.now() - startMs
    assert.match(body.toString(), /<CopyObjectResult/)
    return ms
  }

  const expectBytes = async (key: string, length: number): Promise<void> => {
    let received = 0
    let differs = -1
    const status = await one().receive({ method: 'GET', path: `/${bucket}/${key}` }, (bytes, offset) => {
      received += bytes.length
      if (differs < 0 && !payload.matches(0, offset, bytes)) differs = offset
    })
    assert.deepEqual({ status, received, differs }, { status: 200, received: length, differs: -1 })
  }

  test('is uploaded in parts at once', async () => {
    const path = `/${bucket}/large`
    const begun = await one().send({ method: 'POST', path, query: 'uploads=' })
    const upload = encodeURIComponent(tagOf(begun.body.toString(), 'UploadId'))
    assert.notEqual(upload, '')
    const parts = Array.from({ length: Math.ceil(largeBytes / partBytes) }, (_, index) => index)
    const etags: string[] = []
    const left = [...parts]
    const work = async (connection: RawS3): Promise<void> => {
      for (let part = left.shift(); part !== undefined; part = left.shift()) {
        const length = Math.min(partBytes, largeBytes - part * partBytes)
        const query = `partNumber=${part + 1}&uploadId=${upload}`
        const hash = createHash('md5')
        for (const slice of slices(part * partBytes, length)) hash.update(slice)
        etags[part] = hash.digest('hex')
        const status = await connection.upload({ method: 'PUT', path, query }, length, slices(part * partBytes, length))
        assert.equal(status, 200)
      }
    }
    await Promise.all(connections.map(work))
    const rows = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>"${etag}"</ETag></Part>`)
    const body = Buffer.from(`<CompleteMultipartUpload>${rows.join('')}</CompleteMultipartUpload>`)
    const done = await one().send({ method: 'POST', path, query: `uploadId=${upload}`, body })
    assert.equal(done.status, 200, done.body.toString())
    const whole = createHash('md5')
      .update(Buffer.concat(etags.map((etag) => Buffer.from(etag, 'hex'))))
      .digest('hex')
    assert.ok(done.body.toString().includes(`${whole}-${parts.length}`), done.body.toString())
    await expectBytes('large', largeBytes)
  })

  test('is copied without its data', async () => {
    const status = await one().upload({ method: 'PUT', path: `/${bucket}/small` }, smallBytes, slices(0, smallBytes))
    assert.equal(status, 200)
    for (const round of [1, 2, 3]) {
      const small = await copy('small', 'small-copy')
      const large = await copy('large', 'large-copy')
      const line = `copy ${round}: 64 MiB in ${small.toFixed(1)} ms, ${Math.floor(largeBytes / MIB)} MiB in ${large.toFixed(1)} ms`
      process.stdout.write(`${line}\n`)
    }
    await expectBytes('small-copy', smallBytes)
    await expectBytes('large-copy', largeBytes)
  })

  test('lives on in its copy after it was deleted', async () => {
    assert.equal((await one().send({ method: 'DELETE', path: `/${bucket}/large` })).status, 204)
    await expectBytes('large-copy', largeBytes)
  })
})
