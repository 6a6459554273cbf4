import assert from 'node:assert/strict'
import test from 'node:test'

import { S3Error } from '../s3-error.ts'
import {
  findTestSigner,
  headerOf,
  nowMs,
  timestamp,
  verifier,
  verifySent,
  withHeader,
} from '../testing/signature-setup.ts'
import { exampleCredentials, presign, sha256, signHeader } from '../testing/signing-client.ts'
import type { ClientCredentials, SentRequest, UnsignedRequest } from '../testing/signing-client.ts'
import { hoistedHeaders } from './query-signature.ts'

const host = ['Host', 'storage.example:9000'] as const

function signed(
  request: Partial<UnsignedRequest> = {},
  payload = sha256(''),
  credentials = exampleCredentials,
): SentRequest {
  return signHeader(
    credentials,
    { method: 'GET', path: '/bucket/key', headers: [host], ...request },
    { timestamp, payload },
  )
}

function presigned(
  expires: number | string,
  request: Partial<UnsignedRequest> = {},
  credentials: ClientCredentials = exampleCredentials,
): SentRequest {
  return presign(
    credentials,
    { method: 'GET', path: '/bucket/key', headers: [host], ...request },
    { timestamp, expires },
  )
}

test('names, queries and headers of all kinds are canonical as clients sign them', async () => {
  const requests: readonly Partial<UnsignedRequest>[] = [
    { path: '/bucket/a%20b%2Bc/%C3%A4%E2%82%AC~-._' },
    { path: '/bucket//a/../b/./' },
    { path: '/bucket/%252F' },
    { path: '/' },
    { query: 'acl' },
    { query: 'acl=' },
    { query: 'prefix=a%20b%2Bc&delimiter=%2F&list-type=2' },
    { query: 'a=2&a=1&a=&b&A=3' },
    { query: 'a-b=1&a=2&a.b=3' },
    { query: 'x=a=b' },
    { headers: [host, ['x-amz-meta-a', '  two   spaces\tand a tab  ']] },
    { headers: [host, ['X-Amz-Meta-B', 'one'], ['x-amz-meta-a', '1'], ['x-amz-meta-b', 'two']] },
    { headers: [host, ['x-amz-meta-empty', ''], ['Content-Type', 'text/plain; charset=utf-8']] },
    { headers: [host, ['x-amz-meta-utf8', Buffer.from('Ärger').toString('latin1')]] },
    { method: 'PUT', headers: [host, ['Content-Length', '0'], ['Expect', '100-continue'], ['User-Agent', 'a  b']] },
  ]
  for (const request of requests) {
    assert.equal((await verifySent(signed(request)))?.signer.name, 'the user', JSON.stringify(request))
    assert.equal((await verifySent(presigned(60, request)))?.place, 'query', JSON.stringify(request))
  }
})

test('what a query means counts, not how it is written', async () => {
  const sent = signed({ query: 'prefix=a%20b&delimiter=%2F' })
  for (const query of ['prefix=a+b&delimiter=/', 'delimiter=%2f&prefix=a%20b', '&prefix=%61%20b&&delimiter=%2F&'])
    await verifySent({ ...sent, query })
  const name = signed({ path: '/bucket/%2A%28x%29' })
  for (const path of ['/bucket/*(x)', '/bucket/%2a%28x%29', '/bucket/%2A(x)']) await verifySent({ ...name, path })
})

test('a client that signs its path as it writes it is understood', async () => {
  const request: UnsignedRequest = { method: 'GET', path: '/bucket/a(b)!$', headers: [host] }
  assert.equal((await verifySent(signed(request)))?.accessKeyId, exampleCredentials.accessKeyId)
})

test('who signed and what he says of the body is told', async () => {
  const hash = sha256('body')
  const plain = await verifySent(signed({ method: 'PUT' }, hash))
  assert.deepEqual(plain?.payload, { kind: 'sha256', hex: hash })
  assert.deepEqual([plain.place, plain.version, plain.signedMs], ['header', 'v4', Date.UTC(2013, 4, 24)])
  assert.equal(plain.chunks, undefined)
  const words = {
    'UNSIGNED-PAYLOAD': { kind: 'unsigned' },
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { kind: 'unsigned-chunks' },
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { kind: 'signed-chunks', hasTrailer: false },
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { kind: 'signed-chunks', hasTrailer: true },
  }
  for (const [word, payload] of Object.entries(words)) {
    const verified = await verifySent(signed({ method: 'PUT' }, word))
    assert.deepEqual(verified?.payload, payload)
    assert.equal(verified.chunks !== undefined, payload.kind === 'signed-chunks')
  }
  assert.deepEqual((await verifySent(presigned(60)))?.payload, { kind: 'unsigned' })
})

test('a session token is signed and handed to who finds the signer', async () => {
  const credentials = { ...exampleCredentials, sessionToken: 'token/+=' }
  const sent = signed({}, sha256(''), credentials)
  assert.equal((await verifySent(sent))?.signer.name, 'the session token/+=')
  assert.equal((await verifySent(presigned(60, {}, credentials)))?.signer.name, 'the session token/+=')
  await assert.rejects(verifySent(withHeader(sent, 'x-amz-security-token', 'other')), { code: 'SignatureDoesNotMatch' })
  await assert.rejects(verifySent(withHeader(signed(), 'x-amz-security-token', 'added')), { code: 'AccessDenied' })
  const refuse = verifySent(sent, { findSigner: () => Promise.reject(new S3Error('InvalidToken')) })
  await assert.rejects(refuse, { code: 'InvalidToken' })
})

test('a request without any signature is nobody’s', async () => {
  for (const query of ['', 'acl', 'Signature=x', 'prefix=X-Amz-Signature'])
    assert.equal(await verifySent({ ...signed(), query, rawHeaders: [...host] }), undefined)
})

test('the host is what the client signed: received, configured or forwarded', async () => {
  const proxied = withHeader(signed(), 'Host', '10.0.0.7:9000')
  await assert.rejects(verifySent(proxied), { code: 'SignatureDoesNotMatch' })
  await verifySent(proxied, { otherHosts: ['public.example', 'storage.example:9000'] })
  await verifySent(withHeader(presigned(60), 'Host', '10.0.0.7'), { otherHosts: ['storage.example:9000'] })
  await assert.rejects(verifySent(proxied, { otherHosts: ['public.example'] }), { code: 'SignatureDoesNotMatch' })
  await assert.rejects(verifySent(signed(), { isOwnHost: false }), { code: 'SignatureDoesNotMatch' })
  const many = { isOwnHost: false, otherHosts: [...Array(16).fill('public.example'), 'storage.example:9000'] }
  await verifySent(signed(), many)
})

test('headers that a presigned URL carries as parameters are told apart from its signature', async () => {
  const sent = presigned(60, {
    method: 'PUT',
    query:
      'x-amz-acl=private&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-meta-colour=light%20green&x-amz-sdk-checksum-algorithm=CRC32',
  })
  await verifySent(sent)
  assert.deepEqual(
    [...hoistedHeaders(sent.query)],
    [
      ['x-amz-acl', 'private'],
      ['x-amz-meta-colour', 'light green'],
    ],
  )
  assert.equal(hoistedHeaders(presigned(60).query).size, 0)
  assert.equal(hoistedHeaders('list-type=2').size, 0)
})

test('another service’s request is checked with the hash of its body', async () => {
  const credentials = { ...exampleCredentials, service: 'sts' }
  const body = 'Action=GetCallerIdentity&Version=2011-06-15'
  const sent = signHeader(
    credentials,
    { method: 'POST', path: '/', headers: [host] },
    { timestamp, payload: sha256(body) },
  )
  await verifySent(sent, { service: 'sts', bodySha256: sha256(body) })
  await assert.rejects(verifySent(sent, { service: 'sts', bodySha256: sha256('other') }), {
    code: 'SignatureDoesNotMatch',
  })
  await assert.rejects(verifySent(sent), { code: 'AuthorizationHeaderMalformed' })
})

test('a wrong signature is answered with what was signed here', async () => {
  const error: unknown = await verifySent({ ...signed(), path: '/bucket/other' }).catch((thrown: unknown) => thrown)
  assert(error instanceof S3Error)
  assert.equal(error.status, 403)
  const { fields } = error
  assert.equal(fields['AWSAccessKeyId'], exampleCredentials.accessKeyId)
  assert.match(
    fields['StringToSign'] ?? '',
    /^AWS4-HMAC-SHA256\n20130524T000000Z\n20130524\/us-east-1\/s3\/aws4_request\n[0-9a-f]{64}$/,
  )
  assert(fields['StringToSignBytes']?.startsWith('41 57 53 34 2d'))
  assert.match(
    fields['CanonicalRequest'] ?? '',
    /^GET\n\/bucket\/other\n\nhost:storage\.example:9000\nx-amz-content-sha256:/,
  )
  assert(fields['CanonicalRequestBytes']?.startsWith('47 45 54 0a'))
  assert.match(fields['SignatureProvided'] ?? '', /^[0-9a-f]{64}$/)
})

interface Refusal {
  readonly what: string
  readonly sent: SentRequest
  readonly code: string
  readonly message?: string
  readonly fields?: Readonly<Record<string, string>>
  readonly atMs?: number
}

function withAuthorization(change: (value: string) => string): SentRequest {
  const sent = signed()
  return withHeader(sent, 'Authorization', change(headerOf(sent, 'Authorization')))
}

const malformed = 'The authorization header is malformed; '

const headerRefusals: readonly Refusal[] = [
  {
    what: 'another region',
    sent: signed({}, sha256(''), { ...exampleCredentials, region: 'eu-west-1' }),
    code: 'AuthorizationHeaderMalformed',
    message: `${malformed}the region 'eu-west-1' is wrong; expecting 'us-east-1'`,
    fields: { Region: 'us-east-1' },
  },
  {
    what: 'another service',
    sent: signed({}, sha256(''), { ...exampleCredentials, service: 'ec2' }),
    code: 'AuthorizationHeaderMalformed',
    message: `${malformed}incorrect service "ec2". This endpoint belongs to "s3".`,
  },
  {
    what: 'another terminator',
    sent: withAuthorization((value) => value.replace('aws4_request', 'aws3_request')),
    code: 'AuthorizationHeaderMalformed',
    message: `${malformed}incorrect terminal "aws3_request". This endpoint uses "aws4_request".`,
  },
  {
    what: 'no date',
    sent: withAuthorization((value) => value.replace('/20130524/', '/2013/')),
    code: 'AuthorizationHeaderMalformed',
    message: `${malformed}incorrect date format "2013". This date in the credential must be in the format "yyyyMMdd".`,
  },
  {
    what: 'another date',
    sent: withAuthorization((value) => value.replace('/20130524/', '/20130523/')),
    code: 'AuthorizationHeaderMalformed',
    message: `${malformed}Invalid credential date "20130523". This date is not the same as X-Amz-Date: "20130524".`,
  },
  {
    what: 'no access key',
    sent: withAuthorization((value) => value.replace(exampleCredentials.accessKeyId, '')),
    code: 'AuthorizationHeaderMalformed',
    message: `${malformed}a non-empty Access Key (AKID) must be provided in the credential.`,
  },
  {
    what: 'a short credential',
    sent: withAuthorization((value) => value.replace('/us-east-1/s3', '')),
    code: 'AuthorizationHeaderMalformed',
    message: `${malformed}the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`,
  },
  {
    what: 'no signature',
    sent: withAuthorization((value) => value.replace(/, Signature=.*/, '')),
    code: 'AuthorizationHeaderMalformed',
    message: `${malformed}the authorization header requires three components: Credential, SignedHeaders, and Signature.`,
  },
  {
    what: 'a component twice',
    sent: withAuthorization((value) => `${value}, Signature=x`),
    code: 'AuthorizationHeaderMalformed',
  },
  {
    what: 'a signature that is too short',
    sent: withAuthorization((value) => value.slice(0, -1)),
    code: 'SignatureDoesNotMatch',
  },
  { what: 'a word', sent: withAuthorization(() => 'AWS4-HMAC-SHA256'), code: 'InvalidArgument' },
  {
    what: 'a token',
    sent: withAuthorization(() => 'Bearer secret-token'),
    code: 'InvalidArgument',
    message: 'Unsupported Authorization Type',
    fields: { ArgumentName: 'Authorization' },
  },
  { what: 'version 2', sent: withAuthorization(() => 'AWS AKIAIOSFODNN7EXAMPLE:x='), code: 'InvalidRequest' },
  {
    what: 'an asymmetric signature',
    sent: withAuthorization((value) => value.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256')),
    code: 'NotImplemented',
  },
  { what: 'no date at all', sent: withHeader(signed(), 'x-amz-date', undefined), code: 'AccessDenied' },
  { what: 'a date that is none', sent: withHeader(signed(), 'x-amz-date', '20130524T250000Z'), code: 'AccessDenied' },
  {
    what: 'no hash of the body',
    sent: withHeader(signed(), 'x-amz-content-sha256', undefined),
    code: 'InvalidRequest',
    message: 'Missing required header for this request: x-amz-content-sha256',
  },
  { what: 'a hash that is none', sent: signed({}, 'abc'), code: 'InvalidArgument' },
  { what: 'asymmetric chunks', sent: signed({}, 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD'), code: 'NotImplemented' },
  {
    what: 'headers that were not signed',
    sent: withHeader(withHeader(signed(), 'x-amz-acl', 'public-read'), 'X-Amz-Meta-A', 'b'),
    code: 'AccessDenied',
    message: 'There were headers present in the request which were not signed',
    fields: { HeadersNotSigned: 'x-amz-acl, x-amz-meta-a' },
  },
  {
    what: 'a host that was not signed',
    sent: withAuthorization((value) => value.replace('=host;', '=')),
    code: 'AccessDenied',
    fields: { HeadersNotSigned: 'host' },
  },
  { what: 'a query of signatures too', sent: { ...signed(), query: presigned(60).query }, code: 'InvalidArgument' },
  {
    what: 'an unknown key',
    sent: signed({}, sha256(''), { ...exampleCredentials, accessKeyId: 'nobody' }),
    code: 'InvalidAccessKeyId',
    fields: { AWSAccessKeyId: 'nobody' },
  },
  {
    what: 'a disabled key',
    sent: signed({}, sha256(''), { ...exampleCredentials, accessKeyId: 'disabled' }),
    code: 'InvalidAccessKeyId',
  },
  {
    what: 'another secret',
    sent: signed({}, sha256(''), { ...exampleCredentials, secret: 'x' }),
    code: 'SignatureDoesNotMatch',
  },
  {
    what: 'a clock that is behind',
    sent: signed(),
    atMs: Date.UTC(2013, 4, 24, 0, 15, 1),
    code: 'RequestTimeTooSkewed',
    fields: { RequestTime: timestamp, ServerTime: '2013-05-24T00:15:01Z', MaxAllowedSkewMilliseconds: '900000' },
  },
  {
    what: 'a clock that is ahead',
    sent: signed(),
    atMs: Date.UTC(2013, 4, 23, 23, 44, 59),
    code: 'RequestTimeTooSkewed',
  },
]

const parsing = 'Error parsing the X-Amz-Credential parameter; '

function withQuery(change: (query: string) => string): SentRequest {
  const sent = presigned(60)
  return { ...sent, query: change(sent.query) }
}

const queryRefusals: readonly Refusal[] = [
  {
    what: 'expired',
    sent: presigned(60),
    atMs: Date.UTC(2013, 4, 24, 0, 1, 1),
    code: 'AccessDenied',
    message: 'Request has expired',
    fields: { 'X-Amz-Expires': '60', 'Expires': '2013-05-24T00:01:00Z', 'ServerTime': '2013-05-24T00:01:01Z' },
  },
  {
    what: 'not valid yet',
    sent: presigned(60),
    atMs: Date.UTC(2013, 4, 23, 23, 44),
    code: 'AccessDenied',
    message: 'Request is not valid yet',
  },
  { what: 'too long', sent: presigned(604_801), code: 'AuthorizationQueryParametersError' },
  { what: 'no time at all', sent: presigned(0), code: 'AuthorizationQueryParametersError' },
  {
    what: 'less',
    sent: presigned(-1),
    code: 'AuthorizationQueryParametersError',
    message: 'X-Amz-Expires must be non-negative',
  },
  {
    what: 'no number',
    sent: presigned('soon'),
    code: 'AuthorizationQueryParametersError',
    message: 'X-Amz-Expires should be a number',
  },
  {
    what: 'another region',
    sent: presigned(60, {}, { ...exampleCredentials, region: 'eu-west-1' }),
    code: 'AuthorizationQueryParametersError',
    message: `${parsing}the region 'eu-west-1' is wrong; expecting 'us-east-1'`,
    fields: { Region: 'us-east-1' },
  },
  {
    what: 'another service',
    sent: presigned(60, {}, { ...exampleCredentials, service: 'ec2' }),
    code: 'AuthorizationQueryParametersError',
    message: `${parsing}incorrect service "ec2". This endpoint belongs to "s3".`,
  },
  {
    what: 'another date',
    sent: withQuery((query) => query.replace('X-Amz-Date=20130524', 'X-Amz-Date=20130523')),
    code: 'AuthorizationQueryParametersError',
    message: 'Invalid credential date "20130524". This date is not the same as X-Amz-Date: "20130523".',
  },
  {
    what: 'a date that is none',
    sent: withQuery((query) => query.replace('T000000Z', '')),
    code: 'AuthorizationQueryParametersError',
    message: "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
  },
  ...['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'].map((name): Refusal => ({
    what: `no ${name}`,
    sent: withQuery((query) => query.replace(new RegExp(`&?X-Amz-${name}=[^&]*`), '')),
    code: 'AuthorizationQueryParametersError',
  })),
  {
    what: 'another algorithm',
    sent: withQuery((query) => query.replace('HMAC-SHA256', 'HMAC-SHA1')),
    code: 'AuthorizationQueryParametersError',
  },
  {
    what: 'asymmetric',
    sent: withQuery((query) => query.replace('HMAC-SHA256', 'ECDSA-P256-SHA256')),
    code: 'NotImplemented',
  },
  { what: 'a header not signed', sent: withHeader(presigned(60), 'x-amz-acl', 'public-read'), code: 'AccessDenied' },
  { what: 'a parameter added', sent: withQuery((query) => `${query}&versionId=3`), code: 'SignatureDoesNotMatch' },
  {
    what: 'a second signature',
    sent: withQuery((query) => `${query}0&X-Amz-Signature=0`),
    code: 'SignatureDoesNotMatch',
  },
  { what: 'version 2', sent: withQuery(() => 'AWSAccessKeyId=a&Expires=1&Signature=b'), code: 'InvalidRequest' },
]

for (const [kind, refusals] of [
  ['header', headerRefusals],
  ['query', queryRefusals],
] as const) {
  for (const { what, sent, code, message, fields, atMs } of refusals) {
    test(`refused in the ${kind}: ${what}`, async () => {
      const expected = {
        code,
        ...(message === undefined ? {} : { message }),
        ...(fields === undefined ? {} : { fields }),
      }
      await assert.rejects(
        verifySent(sent, { nowMs: atMs ?? (kind === 'query' ? Date.UTC(2013, 4, 24) : nowMs) }),
        expected,
      )
    })
  }
}

test('a token of another scheme is not repeated in the answer', async () => {
  const error: unknown = await verifySent(withAuthorization(() => 'Bearer secret-token')).catch(
    (thrown: unknown) => thrown,
  )
  assert(error instanceof S3Error)
  assert(!JSON.stringify([error.message, error.fields]).includes('secret-token'))
})

test('the date may come in the header Date alone', async () => {
  for (const date of ['Fri, 24 May 2013 00:00:00 GMT', 'Fri, 24 May 2013 00:00:00 +0000', timestamp]) {
    const headers = [host, ['Date', date]] as const
    const how = { timestamp, payload: sha256(''), hasDateOnly: true }
    const sent = signHeader(exampleCredentials, { method: 'GET', path: '/', headers }, how)
    assert.equal((await verifySent(sent))?.signedMs, Date.UTC(2013, 4, 24))
  }
})

test('signing keys are made once a day, and anew when a secret has changed', async () => {
  await verifySent(signed())
  const before = verifier.keys.keptCount
  await verifySent(signed())
  assert.equal(verifier.keys.keptCount, before)
  const changed = { ...exampleCredentials, secret: 'another secret' }
  const findSigner = (): Promise<{ secret: Uint8Array; name: string }> =>
    Promise.resolve({ secret: new TextEncoder().encode(changed.secret), name: 'changed' })
  assert.equal((await verifySent(signed({}, sha256(''), changed), { findSigner }))?.signer.name, 'changed')
  await assert.rejects(verifySent(signed(), { findSigner }), { code: 'SignatureDoesNotMatch' })
  assert.equal((await verifySent(signed(), { findSigner: findTestSigner }))?.signer.name, 'the user')
  assert.equal(verifier.keys.keptCount, before)
})
