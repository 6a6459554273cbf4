import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { verdictOn } from './testing/codes.ts'
import { websiteConfiguration } from './website-configuration.ts'

const on = verdictOn(websiteConfiguration, 'WebsiteConfiguration')
const index = '<IndexDocument><Suffix>index.html</Suffix></IndexDocument>'
const all = (inner: string): string => `<RedirectAllRequestsTo>${inner}</RedirectAllRequestsTo>`
const rules = (...redirects: readonly string[]): string =>
  `${index}<RoutingRules>${redirects.map((inner) => `<RoutingRule>${inner}</RoutingRule>`).join('')}</RoutingRules>`
const redirect = (inner: string): string => `<Redirect>${inner}</Redirect>`
const host = '<HostName>example.com</HostName>'

describe('WebsiteConfiguration', () => {
  test('has an index document, or redirects everything', () => {
    assert.equal(on(index), 'ok')
    assert.equal(on(''), 'InvalidArgument')
    assert.equal(on('<IndexDocument><Suffix>a/b</Suffix></IndexDocument>'), 'InvalidArgument')
    assert.equal(on('<IndexDocument><Suffix></Suffix></IndexDocument>'), 'InvalidArgument')
    assert.equal(on(`${index}<ErrorDocument><Key></Key></ErrorDocument>`), 'InvalidArgument')
    assert.equal(on(all(host)), 'ok')
    assert.equal(on(all(host) + index), 'InvalidArgument')
    assert.equal(on(all(`${host}<Protocol>ftp</Protocol>`)), 'InvalidRequest')
    assert.equal(on(all('<HostName>a&#10;b</HostName>')), 'InvalidArgument')
    assert.equal(on(all('')), 'MalformedXML')
  })

  test('takes up to 50 routing rules', () => {
    const one = redirect(host)
    assert.equal(on(rules(...Array.from({ length: 50 }, () => one))), 'ok')
    assert.equal(on(rules(...Array.from({ length: 51 }, () => one))), 'InvalidRequest')
    assert.equal(on(rules()), 'MalformedXML')
  })

  test('has 128 KiB at most', () => {
    const long = redirect(`${host}<ReplaceKeyWith>${'a'.repeat(3_000)}</ReplaceKeyWith>`)
    assert.equal(on(rules(...Array.from({ length: 40 }, () => long))), 'ok')
    assert.equal(on(rules(...Array.from({ length: 50 }, () => long))), 'MaxMessageLengthExceeded')
  })

  test('checks conditions and redirects', () => {
    const condition = (inner: string): string => on(rules(`<Condition>${inner}</Condition>${redirect(host)}`))
    const code = (text: string): string => `<HttpErrorCodeReturnedEquals>${text}</HttpErrorCodeReturnedEquals>`
    assert.equal(condition(code('404')), 'ok')
    assert.equal(condition(code('302')), 'InvalidRequest')
    assert.equal(condition(''), 'InvalidRequest')
    assert.equal(on(rules(redirect(''))), 'InvalidRequest')
    assert.equal(on(rules(redirect('<HttpRedirectCode>301</HttpRedirectCode>'))), 'ok')
    assert.equal(on(rules(redirect('<HttpRedirectCode>300</HttpRedirectCode>'))), 'InvalidRequest')
    assert.equal(on(rules(redirect('<HttpRedirectCode>200</HttpRedirectCode>'))), 'InvalidRequest')
    const both = '<ReplaceKeyWith>a</ReplaceKeyWith><ReplaceKeyPrefixWith>b</ReplaceKeyPrefixWith>'
    assert.equal(on(rules(redirect(both))), 'InvalidRequest')
    assert.equal(on(rules('')), 'MalformedXML')
  })
})
