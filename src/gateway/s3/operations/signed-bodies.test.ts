// Signed requests and framed bodies through the whole face: what is right is stored byte for byte, what is altered is not stored at all.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { crc32 } from 'node:zlib'

import { amzDate, S3World } from '../testing/s3-world.ts'
import { frameChunks, presign, signChunks, signHeader } from '../testing/signing-client.ts'

const body = Buffer.alloc(200_000, 'frost and byte ')
const chunks = [body.subarray(0, 65_536), body.subarray(65_536, 131_072), body.subarray(131_072)]

function crc32Trailer(bytes: Uint8Array): string {
  const value = Buffer.alloc(4)
  value.writeUInt32BE(crc32(bytes))
  return `x-amz-checksum-crc32:${value.toString('base64')}`
}

const framing: readonly [string, string][] = [
  ['Content-Encoding', 'aws-chunked'],
  ['x-amz-decoded-content-length', String(body.length)],
]
const trailing: readonly [string, string][] = [
  ['x-amz-trailer', 'x-amz-checksum-crc32'],
  ['x-amz-sdk-checksum-algorithm', 'CRC32'],
]

describe('signed bodies through S3', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start({ trustedProxies: ['127.0.0.1'] })
    assert.equal((await world.send('PUT', '/bucket')).status, 200)
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  async function putSigned(
    key: string,
    alter: (wire: Uint8Array) => Uint8Array,
  ): Promise<{ status: number; code: string }> {
    const timestamp = amzDate(Date.now())
    const headers: [string, string][] = [['Host', `127.0.0.1:${world.port}`], ...framing, ...trailing]
    const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
    const sent = signHeader(world.root, { method: 'PUT', path: `/bucket/${key}`, headers }, { timestamp, payload })
    const signing = { credentials: world.root, timestamp, seed: sent.signature, chunks, trailers: [crc32Trailer(body)] }
    const wire = alter(signChunks(signing))
    return await world.raw('PUT', sent.path, [...sent.rawHeaders, 'Content-Length', String(wire.length)], wire)
  }

  it('signed chunks with a signed trailer are stored without their frames', async () => {
    assert.equal((await putSigned('signed', (wire) => wire)).status, 200)
    const got = await world.send('GET', '/bucket/signed', { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    assert.ok(body.equals(got.body))
    assert.equal(got.headers['content-encoding'], undefined)
    assert.equal(`x-amz-checksum-crc32:${String(got.headers['x-amz-checksum-crc32'])}`, crc32Trailer(body))
  })

  it('a chunk or trailer that was altered leaves nothing behind', async () => {
    const places = [1_000, 100_000, -10, -100]
    for (const place of places) {
      const answer = await putSigned('altered', (wire) => {
        const copy = new Uint8Array(wire)
        const at = place < 0 ? copy.length + place : place
        copy[at] = copy[at] === 0x30 ? 0x31 : 0x30
        return copy
      })
      assert.equal(answer.status, 403, `byte ${place}: ${answer.code}`)
      assert.equal(answer.code, 'SignatureDoesNotMatch')
    }
    assert.equal((await putSigned('altered', (wire) => wire.subarray(0, 150_000))).code, 'IncompleteBody')
    assert.equal((await world.send('GET', '/bucket/altered')).status, 404)
    assert.equal(world.objects.uploadsOpen, 0)
  })

  it('unsigned chunks with a trailer are stored, or refused where the checksum is another', async () => {
    const put = async (trailer: string): Promise<{ status: number; code: string }> =>
      await world.send('PUT', '/bucket/unsigned', {
        headers: Object.fromEntries([...framing, ...trailing]),
        payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        body: frameChunks(chunks, [trailer]),
      })
    const wrong = await put('x-amz-checksum-crc32:AAAAAA==')
    assert.deepEqual([wrong.status, wrong.code], [400, 'BadDigest'])
    assert.equal((await world.send('GET', '/bucket/unsigned')).status, 404)
    assert.equal((await put(crc32Trailer(body))).status, 200)
    assert.ok(body.equals((await world.send('GET', '/bucket/unsigned')).body))
  })

  it('a URL that was made for the proxy’s host is taken, where the proxy says so', async () => {
    const { root } = world
    const headers: [string, string][] = [['Host', 'files.example']]
    const how = { timestamp: amzDate(Date.now()), expires: 60 }
    const { query } = presign(root, { method: 'GET', path: '/bucket/signed', headers }, how)
    const target = `/bucket/signed?${query}`
    const host = ['Host', `127.0.0.1:${world.port}`]
    const none = new Uint8Array(0)
    assert.equal((await world.raw('GET', target, host, none)).code, 'SignatureDoesNotMatch')
    assert.equal((await world.raw('GET', target, [...host, 'X-Forwarded-Host', 'files.example'], none)).status, 200)
    assert.equal((await world.raw('GET', target, [...host, 'X-Forwarded-Host', 'other.example'], none)).status, 403)
  })

  it('a URL carries headers as parameters', async () => {
    const query = 'x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-meta-colour=light%20green&x-amz-sdk-checksum-algorithm=CRC32'
    const target = world.presigned('PUT', `/bucket/hoisted?${query}`)
    const headers = ['Host', `127.0.0.1:${world.port}`, 'Content-Length', '5']
    assert.equal((await world.raw('PUT', target, headers, Buffer.from('hello'))).status, 200)
    const got = await world.send('GET', '/bucket/hoisted')
    assert.deepEqual([got.text, got.headers['x-amz-meta-colour']], ['hello', 'light green'])
    const altered = await world.raw('PUT', target.replace('green', 'brown'), headers, Buffer.from('hello'))
    assert.equal(altered.code, 'SignatureDoesNotMatch')
  })
})
