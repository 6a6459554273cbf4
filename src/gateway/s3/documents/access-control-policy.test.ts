import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { accessControlPolicy, parseGrantHeaders } from './access-control-policy.ts'
import { codeOf, verdictOn } from './testing/codes.ts'

describe('AccessControlPolicy', () => {
  const on = verdictOn(accessControlPolicy, 'AccessControlPolicy')
  const owner = '<Owner><ID>o</ID></Owner>'
  const grants = (...all: readonly string[]): string => `${owner}<AccessControlList>${all.join('')}</AccessControlList>`
  const grant = (grantee: string, type?: string, permission = 'READ'): string => {
    const kind = type === undefined ? '' : ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}"`
    return `<Grant><Grantee${kind}>${grantee}</Grantee><Permission>${permission}</Permission></Grant>`
  }

  test('takes users and groups, also without xsi:type', () => {
    assert.equal(on(grants()), 'ok')
    assert.equal(on(grants(grant('<ID>u</ID>', 'CanonicalUser'), grant('<ID>u</ID>'))), 'ok')
    const everybody = '<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>'
    assert.equal(on(grants(grant(everybody, 'Group'), grant(everybody))), 'ok')
  })

  test('refuses other groups, e-mail addresses, and what is not of the schema', () => {
    assert.equal(on(grants(grant('<URI>http://example.com/</URI>', 'Group'))), 'InvalidArgument')
    const email = '<EmailAddress>a@example.com</EmailAddress>'
    assert.equal(on(grants(grant(email, 'AmazonCustomerByEmail'))), 'UnresolvableGrantByEmailAddress')
    assert.equal(on(grants(grant(email))), 'UnresolvableGrantByEmailAddress')
    for (const bad of ['', owner, grants(grant('', 'CanonicalUser')), grants(grant('<ID>u</ID>', 'Group'))]) {
      assert.equal(on(bad), 'MalformedACLError', bad)
    }
    assert.equal(on(grants(grant('<ID>u</ID>', 'CanonicalUser', 'ALL'))), 'MalformedACLError')
    assert.equal(on(grants(grant('<ID>u</ID>').repeat(101))), 'InvalidRequest')
  })

  test('is written with the type of each grantee', () => {
    const written = accessControlPolicy.write({
      owner: { id: 'o', displayName: 'O & Co' },
      grants: [{ grantee: { type: 'CanonicalUser', id: 'u' }, permission: 'FULL_CONTROL' }],
    })
    assert.ok(
      written.endsWith(
        '<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>o</ID><DisplayName>O &amp; Co</DisplayName>' +
          '</Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">' +
          '<ID>u</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>',
      ),
    )
  })
})

describe('the headers x-amz-grant-*', () => {
  test('give grants', () => {
    assert.equal(parseGrantHeaders({}), undefined)
    const headers = {
      'x-amz-grant-read': 'id="a", uri="http://acs.amazonaws.com/groups/global/AllUsers"',
      'x-amz-grant-full-control': 'ID=b',
    }
    assert.deepEqual(parseGrantHeaders(headers), [
      { grantee: { type: 'CanonicalUser', id: 'a' }, permission: 'READ' },
      { grantee: { type: 'Group', uri: 'http://acs.amazonaws.com/groups/global/AllUsers' }, permission: 'READ' },
      { grantee: { type: 'CanonicalUser', id: 'b' }, permission: 'FULL_CONTROL' },
    ])
  })

  test('are refused where they are none', () => {
    const on = (value: string): string => codeOf(() => parseGrantHeaders({ 'x-amz-grant-write': value }))
    for (const bad of ['', 'a', 'id=', 'id=""', 'name="a"', 'id="a', 'uri="x"'])
      assert.equal(on(bad), 'InvalidArgument', bad)
    assert.equal(on('emailAddress="a@example.com"'), 'UnresolvableGrantByEmailAddress')
    assert.equal(on(Array.from({ length: 101 }, () => 'id=a').join()), 'InvalidArgument')
  })

  test('throw nothing but an S3Error', () => {
    const piece = fc.oneof(
      fc.constantFrom('id=', '"', 'uri', '=', ',', ' ', "'", 'http://x'),
      fc.string({ maxLength: 5 }),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        codeOf(() => parseGrantHeaders({ 'x-amz-grant-read': pieces.join('') }))
      }),
    )
  })
})
