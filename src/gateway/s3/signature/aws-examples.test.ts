// The examples of AWS's documentation, with its signatures: "Signature Calculations for the Authorization Header", "Authenticating
// Requests: Using Query Parameters", "Example: Browser-Based Upload using HTTP POST" (Amazon S3 API Reference), "Signing and
// Authenticating REST Requests" (Amazon S3 User Guide, for Version 2).

import assert from 'node:assert/strict'
import test from 'node:test'

import { exampleCredentials } from '../testing/signing-client.ts'
import { NodeCompute } from '../../../node/compute.ts'
import { verifyForm } from './form-signature.ts'
import { checkPostPolicy, parsePostPolicy } from './post-policy.ts'
import { SignatureVerifier } from './signature-verifier.ts'
import type { SecretHolder } from './signature-verifier.ts'

const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const nowMs = Date.UTC(2013, 4, 24, 0, 5)
const host = ['Host', 'examplebucket.s3.amazonaws.com']
const verifier = new SignatureVerifier(new NodeCompute(), { region: 'us-east-1', acceptsV2: true })

function findSigner(accessKeyId: string): Promise<SecretHolder | undefined> {
  return Promise.resolve(
    accessKeyId === exampleCredentials.accessKeyId
      ? { secret: new TextEncoder().encode(exampleCredentials.secret) }
      : undefined,
  )
}

function authorization(signedHeaders: string, signature: string): readonly string[] {
  const credential = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'
  return [
    'Authorization',
    `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${signedHeaders},Signature=${signature}`,
  ]
}

interface Example {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly query?: string
  readonly headers: readonly (readonly string[])[]
}

const date = ['x-amz-date', '20130524T000000Z']
const noBody = ['x-amz-content-sha256', emptyHash]

const headerExamples: readonly Example[] = [
  {
    name: 'GET Object',
    method: 'GET',
    path: '/test.txt',
    headers: [
      host,
      ['Range', 'bytes=0-9'],
      noBody,
      date,
      authorization(
        'host;range;x-amz-content-sha256;x-amz-date',
        'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      ),
    ],
  },
  {
    name: 'PUT Object, whose name needs an escape that the client did not write',
    method: 'PUT',
    path: '/test$file.text',
    headers: [
      host,
      ['Date', 'Fri, 24 May 2013 00:00:00 GMT'],
      date,
      ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      ['x-amz-content-sha256', '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072'],
      authorization(
        'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
        '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      ),
    ],
  },
  {
    name: 'GET Bucket Lifecycle',
    method: 'GET',
    path: '/',
    query: 'lifecycle',
    headers: [
      host,
      date,
      noBody,
      authorization(
        'host;x-amz-content-sha256;x-amz-date',
        'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
      ),
    ],
  },
  {
    name: 'GET Bucket (List Objects)',
    method: 'GET',
    path: '/',
    query: 'max-keys=2&prefix=J',
    headers: [
      host,
      date,
      noBody,
      authorization(
        'host;x-amz-content-sha256;x-amz-date',
        '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      ),
    ],
  },
  {
    name: 'a presigned URL',
    method: 'GET',
    path: '/test.txt',
    query:
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    headers: [host],
  },
  {
    name: 'PUT Object in chunks',
    method: 'PUT',
    path: '/examplebucket/chunkObject.txt',
    headers: [
      ['Host', 's3.amazonaws.com'],
      date,
      ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      ['x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'],
      ['Content-Encoding', 'aws-chunked'],
      ['x-amz-decoded-content-length', '66560'],
      ['Content-Length', '66824'],
      authorization(
        'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
        '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
      ),
    ],
  },
  {
    name: 'PUT Object in chunks with a trailer',
    method: 'PUT',
    path: '/examplebucket/chunkObject.txt',
    headers: [
      ['Host', 's3.amazonaws.com'],
      date,
      ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      ['x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'],
      ['Content-Encoding', 'aws-chunked'],
      ['x-amz-decoded-content-length', '66560'],
      ['x-amz-trailer', 'x-amz-checksum-crc32c'],
      authorization(
        'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
        '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
      ),
    ],
  },
]

for (const { name, method, path, query, headers } of headerExamples) {
  test(`AWS's example: ${name}`, async () => {
    const request = { method, path, query: query ?? '', rawHeaders: headers.flat() }
    const verified = await verifier.verify(request, { nowMs, findSigner })
    assert.equal(verified?.accessKeyId, 'AKIAIOSFODNN7EXAMPLE')
    assert.equal(verified.signedMs, Date.UTC(2013, 4, 24))
    assert.equal(verified.version, 'v4')
  })
}

/** Of the page, with its line ends. */
const policyLines = [
  '{ "expiration": "2015-12-30T12:00:00.000Z",',
  '  "conditions": [',
  '    {"bucket": "sigv4examplebucket"},',
  '    ["starts-with", "$key", "user/user1/"],',
  '    {"acl": "public-read"},',
  '    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},',
  '    ["starts-with", "$Content-Type", "image/"],',
  '    {"x-amz-meta-uuid": "14365123651274"},',
  '    {"x-amz-server-side-encryption": "AES256"},',
  '    ["starts-with", "$x-amz-meta-tag", ""],',
  '',
  '    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},',
  '    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},',
  '    {"x-amz-date": "20151229T000000Z" }',
  '  ]',
  '}',
]

test("AWS's example: a form", async () => {
  const policy = Buffer.from(policyLines.join('\r\n')).toString('base64')
  const fields = new Map([
    ['bucket', 'sigv4examplebucket'],
    ['key', 'user/user1/photo.jpg'],
    ['acl', 'public-read'],
    ['success_action_redirect', 'http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html'],
    ['content-type', 'image/jpeg'],
    ['x-amz-meta-uuid', '14365123651274'],
    ['x-amz-server-side-encryption', 'AES256'],
    ['x-amz-credential', 'AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request'],
    ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-date', '20151229T000000Z'],
    ['x-amz-meta-tag', ''],
    ['policy', policy],
    ['x-amz-signature', '8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e'],
  ])
  const formNowMs = Date.UTC(2015, 11, 29, 12)
  const verified = await verifyForm(verifier, fields, { nowMs: formNowMs, findSigner })
  assert.equal(verified?.place, 'form')
  checkPostPolicy(parsePostPolicy(policy), fields, formNowMs)
})

const v2Examples: readonly (Example & { readonly hostBucket?: string })[] = [
  {
    name: 'Object GET',
    method: 'GET',
    path: '/photos/puppy.jpg',
    hostBucket: 'johnsmith',
    headers: [
      ['Date', 'Tue, 27 Mar 2007 19:36:42 +0000'],
      ['Authorization', 'AWS AKIAIOSFODNN7EXAMPLE:bWq2s1WEIj+Ydj0vQ697zp+IXMU='],
    ],
  },
  {
    name: 'Object PUT',
    method: 'PUT',
    path: '/photos/puppy.jpg',
    hostBucket: 'johnsmith',
    headers: [
      ['Content-Type', 'image/jpeg'],
      ['Content-Length', '94328'],
      ['Date', 'Tue, 27 Mar 2007 21:15:45 +0000'],
      ['Authorization', 'AWS AKIAIOSFODNN7EXAMPLE:MyyxeRY7whkBe+bq8fHCL/2kKUg='],
    ],
  },
  {
    name: 'List',
    method: 'GET',
    path: '/',
    query: 'prefix=photos&max-keys=50&marker=puppy',
    hostBucket: 'johnsmith',
    headers: [
      ['Date', 'Tue, 27 Mar 2007 19:42:41 +0000'],
      ['Authorization', 'AWS AKIAIOSFODNN7EXAMPLE:htDYFYduRNen8P9ZfE/s9SuKy0U='],
    ],
  },
  {
    name: 'Fetch',
    method: 'GET',
    path: '/',
    query: 'acl',
    hostBucket: 'johnsmith',
    headers: [
      ['Date', 'Tue, 27 Mar 2007 19:44:46 +0000'],
      ['Authorization', 'AWS AKIAIOSFODNN7EXAMPLE:c2WLPFtWHVgbEmeEG93a4cG37dM='],
    ],
  },
  {
    // What is signed is /johnsmith/?acl, as above.
    name: 'Fetch, by a path without the slash that is signed',
    method: 'GET',
    path: '/johnsmith',
    query: 'acl',
    headers: [
      ['Date', 'Tue, 27 Mar 2007 19:44:46 +0000'],
      ['Authorization', 'AWS AKIAIOSFODNN7EXAMPLE:c2WLPFtWHVgbEmeEG93a4cG37dM='],
    ],
  },
  {
    name: 'a URL',
    method: 'GET',
    path: '/photos/puppy.jpg',
    query: 'AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620',
    hostBucket: 'johnsmith',
    headers: [],
  },
]

for (const { name, method, path, query, headers, hostBucket } of v2Examples) {
  test(`AWS's example of Version 2: ${name}`, async () => {
    const written = headers.find(([header]) => header === 'Date')?.[1]
    const v2NowMs = written === undefined ? 1_175_139_000_000 : Date.parse(written)
    const request = {
      method,
      path,
      query: query ?? '',
      rawHeaders: [...headers.flat(), 'Host', 'johnsmith.s3.amazonaws.com'],
    }
    const options = { nowMs: v2NowMs, findSigner, ...(hostBucket === undefined ? {} : { hostBucket }) }
    const verified = await verifier.verify(request, options)
    assert.equal(verified?.version, 'v2')
    await assert.rejects(verifier.verify({ ...request, path: '/photos/puppy.jpg2' }, options), {
      code: 'SignatureDoesNotMatch',
    })
    const strict = new SignatureVerifier(new NodeCompute(), { region: 'us-east-1', acceptsV2: false })
    await assert.rejects(strict.verify(request, options), { code: 'InvalidRequest' })
  })
}
