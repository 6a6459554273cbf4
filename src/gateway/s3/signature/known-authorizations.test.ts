import assert from 'node:assert/strict'
import test from 'node:test'

import { headerOf, verifySent, withHeader } from '../testing/signature-setup.ts'
import { exampleCredentials, sha256, signHeader } from '../testing/signing-client.ts'
import { parseAuthorization } from './header-signature.ts'
import { KnownAuthorizations } from './known-authorizations.ts'

const context = { region: 'us-east-1', service: 's3' }
const signature = '0123456789abcdef'.repeat(4)
const scheme = 'AWS4-HMAC-SHA256 '

function written(accessKeyId: string, end = signature): string {
  return `Credential=${accessKeyId}/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=${end}`
}

function keep(known: KnownAuthorizations, text: string): void {
  known.keep(scheme + text, parseAuthorization(text, context))
}

test('what was read once is found again, with the signature of the header that it is asked for', () => {
  const known = new KnownAuthorizations()
  keep(known, written('a'))
  const other = 'f'.repeat(64)
  const text = written('a', other)
  assert.deepEqual(known.find(scheme + text, 's3'), parseAuthorization(text, context))
  assert.equal(known.find(scheme + written('b'), 's3'), undefined)
  assert.equal(known.find(scheme + written('a'), 'iam'), undefined)
  assert.equal(known.find('', 's3'), undefined)
})

test('nothing is kept of a header that does not end with its signature, nor of one that is longer than clients write', () => {
  const known = new KnownAuthorizations()
  keep(known, written('a', 'abc'))
  keep(known, written('a', `${signature}0`))
  keep(known, written('a'.repeat(1_000)))
  const early = `Signature=${signature}, Credential=a/20130524/us-east-1/s3/aws4_request, SignedHeaders=host`
  keep(known, early)
  assert.equal(known.keptCount, 0)
})

test('so many are kept, the newest', () => {
  const known = new KnownAuthorizations()
  for (let index = 0; index < 2_000; index++) keep(known, written(`key-${index}`))
  assert.equal(known.keptCount, 1_024)
  assert.equal(known.find(scheme + written('key-0'), 's3'), undefined)
  assert.equal(known.find(scheme + written('key-1999'), 's3')?.accessKeyId, 'key-1999')
})

test('a request like one before is checked like that one', async () => {
  const headers = [['Host', 'storage.example:9000']] as const
  const request = { method: 'GET', path: '/bucket/key', headers }
  const sent = signHeader(exampleCredentials, request, { timestamp: '20130524T000000Z', payload: sha256('') })
  for (let round = 0; round < 2; round++) {
    assert.equal((await verifySent(sent))?.signer.name, 'the user')
    const refused = { code: 'SignatureDoesNotMatch' }
    await assert.rejects(verifySent({ ...sent, path: '/bucket/other' }), refused)
    const authorization = headerOf(sent, 'authorization')
    const flipped = authorization.endsWith('0') ? '1' : '0'
    for (const altered of [authorization.slice(0, -1) + flipped, authorization.slice(0, -3), `${authorization}0`])
      await assert.rejects(verifySent(withHeader(sent, 'authorization', altered)), refused)
    await assert.rejects(verifySent(withHeader(sent, 'x-amz-acl', 'private')), { code: 'AccessDenied' })
    await assert.rejects(verifySent(withHeader(sent, 'x-amz-date', '20130525T000000Z')), {
      code: 'AuthorizationHeaderMalformed',
    })
  }
})
