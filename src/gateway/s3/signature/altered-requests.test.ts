// A signed request altered in any one byte of method, path, query, signed header or credential is refused. The only changes that are
// none: the case of hex digits in an escape, and another spelling of the same bytes.

import assert from 'node:assert/strict'
import test from 'node:test'

import fc from 'fast-check'

import { NodeCompute } from '../../../node/compute.ts'
import { S3Error } from '../s3-error.ts'
import { findTestSigner, nowMs, timestamp, verifier, verifySent } from '../testing/signature-setup.ts'
import { exampleCredentials, hmacHex, presign, sha256, signHeader, signingKey } from '../testing/signing-client.ts'
import type { SentRequest, UnsignedRequest } from '../testing/signing-client.ts'
import { verifyForm } from './form-signature.ts'
import { hmacSha1 } from './hmac-sha1.ts'
import { SignatureVerifier } from './signature-verifier.ts'

const request: UnsignedRequest = {
  method: 'PUT',
  path: '/bucket/folder/a%20name%2B%C3%A4.txt',
  query: 'partNumber=12&uploadId=a%2Fb~c&x-id=UploadPart',
  headers: [
    ['Host', 'storage.example:9000'],
    ['Content-Type', 'text/plain'],
    ['x-amz-meta-colour', 'light  green'],
    ['x-amz-meta-empty', ''],
    ['If-None-Match', '*'],
  ],
}

const viaHeader = signHeader(exampleCredentials, request, { timestamp, payload: sha256('body') })
const viaQuery = presign(exampleCredentials, request, { timestamp, expires: 3_600 })

interface Altered {
  readonly where: string
  readonly sent: SentRequest
}

function replaceAt(text: string, at: number, character: string): string {
  return text.slice(0, at) + character + text.slice(at + 1)
}

/** Each position of each part of the request, once with each of `changes` made of its character. */
function* alterations(sent: SentRequest, changes: readonly ((code: number) => number)[]): Generator<Altered> {
  const alter = function* (text: string): Generator<readonly [number, string]> {
    for (let at = 0; at < text.length; at++)
      for (const change of changes) yield [at, replaceAt(text, at, String.fromCharCode(change(text.charCodeAt(at))))]
  }
  for (const part of ['method', 'path', 'query'] as const)
    for (const [at, text] of alter(sent[part])) yield { where: `${part} ${at}`, sent: { ...sent, [part]: text } }
  for (const [index, whole] of sent.rawHeaders.entries()) {
    for (const [at, text] of alter(whole)) {
      const name = sent.rawHeaders[index - (index % 2)] ?? ''
      yield { where: `header ${name} ${at}`, sent: { ...sent, rawHeaders: sent.rawHeaders.with(index, text) } }
    }
  }
}

/** Whether both say the same: names of headers without case, values without surplus space, paths and queries decoded. */
function saysTheSame(a: SentRequest, b: SentRequest): boolean {
  const decode = (text: string, isQuery: boolean): string =>
    Buffer.from(text, 'latin1')
      .toString('latin1')
      .replaceAll(isQuery ? '+' : /$^/g, ' ')
      .replaceAll(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  const query = (text: string): string =>
    JSON.stringify(
      text
        .split('&')
        .filter((pair) => pair !== '')
        .map((pair) => {
          const [name = '', ...value] = pair.split('=')
          return [decode(name, true), decode(value.join('='), true)]
        })
        .toSorted(([n1 = '', v1 = ''], [n2 = '', v2 = '']) => (`${n1}\0${v1}` < `${n2}\0${v2}` ? -1 : 1)),
    )
  const headers = (list: readonly string[]): string =>
    JSON.stringify(
      list.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text.replaceAll(/[ \t]+/g, ' ').trim())),
    )
  return (
    a.method === b.method &&
    decode(a.path, false) === decode(b.path, false) &&
    query(a.query) === query(b.query) &&
    headers(a.rawHeaders) === headers(b.rawHeaders)
  )
}

async function isRefused(sent: SentRequest, original: SentRequest): Promise<boolean> {
  try {
    const verified = await verifySent(sent)
    // Without its signature, it is a request of nobody, who may do nothing that is not open to all.
    return verified === undefined || saysTheSame(sent, original)
  } catch (error) {
    assert(error instanceof S3Error, String(error))
    return true
  }
}

const changes = [
  (code: number): number => code ^ 1,
  (code: number): number => code ^ 0x20,
  (): number => 0x30,
  (): number => 0x25,
  (): number => 0x26,
]

for (const [name, original] of [
  ['the header', viaHeader],
  ['the query', viaQuery],
] as const) {
  test(`signed in ${name}: any altered byte is refused`, async () => {
    assert.equal((await verifySent(original))?.accessKeyId, exampleCredentials.accessKeyId)
    let count = 0
    for (const { where, sent } of alterations(original, changes)) {
      const text = JSON.stringify(sent)
      assert(await isRefused(sent, original), `${where}: ${text}`)
      count++
    }
    assert(count > 2_000)
  })
}

test('random requests altered at random are refused', async () => {
  const word = fc.stringMatching(/^[A-Za-z0-9%._~ +/=&?*()!é-]{0,20}$/)
  const encoded = word.map((text) => encodeURIComponent(text))
  const anyRequest = fc.record({
    method: fc.constantFrom('GET', 'PUT', 'DELETE', 'POST', 'HEAD'),
    path: fc.array(encoded, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
    query: fc
      .array(fc.tuple(encoded, encoded), { maxLength: 4 })
      .map((pairs) => pairs.map((pair) => pair.join('=')).join('&')),
    meta: fc.array(fc.stringMatching(/^[ -~]{0,20}$/), { maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(
      anyRequest,
      fc.boolean(),
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      async (any, inQuery, place, byte) => {
        const headers: [string, string][] = [
          ['host', 'h'],
          ...any.meta.map((text, index): [string, string] => [`x-amz-meta-${index}`, text]),
        ]
        const unsigned = { method: any.method, path: any.path, query: any.query, headers }
        const original = inQuery
          ? presign(exampleCredentials, unsigned, { timestamp, expires: 60 })
          : signHeader(exampleCredentials, unsigned, { timestamp, payload: sha256('') })
        assert.notEqual(await verifySent(original), undefined)
        const all = [...alterations(original, [(): number => byte])]
        const altered = all[place % all.length]
        if (altered !== undefined) assert(await isRefused(altered.sent, original), altered.where)
      },
    ),
    { numRuns: 300 },
  )
})

test('any altered byte of a form’s policy, signature or credential is refused', async () => {
  const policy = Buffer.from('{"expiration":"2013-05-25T00:00:00Z","conditions":[]}').toString('base64')
  const fields = {
    'policy': policy,
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request',
    'x-amz-date': timestamp,
    'x-amz-signature': hmacHex(signingKey(exampleCredentials, '20130524'), policy),
  }
  const verify = async (form: Readonly<Record<string, string>>): Promise<unknown> =>
    await verifyForm(verifier, new Map(Object.entries(form)), { nowMs, findSigner: findTestSigner })
  assert.notEqual(await verify(fields), undefined)
  for (const [name, value] of Object.entries(fields)) {
    // The date of a form is signed by its policy, which names it.
    if (name === 'x-amz-date') continue
    for (let at = 0; at < value.length; at++)
      for (const change of changes.slice(0, 2)) {
        const text = replaceAt(value, at, String.fromCharCode(change(value.charCodeAt(at))))
        await assert.rejects(verify({ ...fields, [name]: text }), S3Error, `${name} ${at}`)
      }
  }
  await assert.rejects(verify({ ...fields, policy: aboveLatin1(policy) }), { code: 'SignatureDoesNotMatch' })
  for (const name of Object.keys(fields)) {
    const rest = Object.entries(fields).filter(([other]) => other !== name)
    await assert.rejects(verify(Object.fromEntries(rest)), { code: 'InvalidArgument' }, name)
  }
})

test('a character whose lower byte is the one that was signed is refused in the policy of a form of Version 2 too', async () => {
  const compute = new NodeCompute()
  const accepting = new SignatureVerifier(compute, { region: 'us-east-1', acceptsV2: true })
  const policy = Buffer.from('{"expiration":"2013-05-25T00:00:00Z","conditions":[]}').toString('base64')
  const secret = new TextEncoder().encode(exampleCredentials.secret)
  const signature = Buffer.from(hmacSha1(compute, secret, Buffer.from(policy))).toString('base64')
  const verify = async (text: string): Promise<unknown> => {
    const fields = { policy: text, awsaccesskeyid: exampleCredentials.accessKeyId, signature }
    return await verifyForm(accepting, new Map(Object.entries(fields)), { nowMs, findSigner: findTestSigner })
  }
  assert.notEqual(await verify(policy), undefined)
  await assert.rejects(verify(aboveLatin1(policy)), { code: 'SignatureDoesNotMatch' })
})

function aboveLatin1(text: string): string {
  return replaceAt(text, 3, String.fromCharCode(text.charCodeAt(3) + 0x1_00))
}
