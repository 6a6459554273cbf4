import assert from 'node:assert/strict'
import { test } from 'node:test'

import { emptyPayload, S3Signer } from './s3-signer.ts'

const signer = new S3Signer(
  { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', region: 'us-east-1' },
  'examplebucket.s3.amazonaws.com',
)
const nowMs = Date.UTC(2013, 4, 24, 0, 0, 0, 0)

test('a listing is signed as the documentation of S3 signs it', () => {
  const lines = signer.sign({ method: 'GET', path: '/', query: 'max-keys=2&prefix=J', payload: emptyPayload }, nowMs)
  const signature = '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'
  assert.ok(lines.includes(`Signature=${signature}\r\n`), lines)
  assert.ok(lines.endsWith('x-amz-date: 20130524T000000Z\r\n'))
})

test('so is a question for the lifecycle of a bucket', () => {
  const lines = signer.sign({ method: 'GET', path: '/', query: 'lifecycle=', payload: emptyPayload }, nowMs + 999)
  assert.ok(lines.includes('Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543\r\n'), lines)
})

test('a further header is signed in its place among the others, as the documentation signs a range', () => {
  const request = { method: 'GET', path: '/test.txt', payload: emptyPayload, headers: { range: 'bytes=0-9' } }
  const lines = signer.sign(request, nowMs)
  assert.ok(lines.includes('SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,'), lines)
  assert.ok(lines.includes('Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41\r\n'), lines)
})

test('another second is told, and another day signed with another key', () => {
  const request = { method: 'GET', path: '/', payload: emptyPayload }
  const [one, other, later] = [nowMs, nowMs + 1000, nowMs + 86_400_000].map((now) => signer.sign(request, now))
  assert.ok(other?.includes('x-amz-date: 20130524T000001Z'))
  assert.ok(later?.includes('/20130525/us-east-1/s3/'))
  assert.equal(new Set([one, other, later]).size, 3)
  assert.equal(new Set([one?.length, other?.length, later?.length]).size, 1)
})
