import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { WebsiteConfiguration } from '../documents/website-configuration.ts'
import { resolveWebsite, resolveWebsiteError, websiteFolder } from './website.ts'
import type { WebsiteRequest } from './website.ts'

function request(key: string): WebsiteRequest {
  return { protocol: 'http', host: 'site.example:9000', key }
}

const site: WebsiteConfiguration = {
  indexDocument: { suffix: 'index.html' },
  errorDocument: { key: 'error.html' },
  routingRules: [
    { condition: { keyPrefixEquals: 'docs/' }, redirect: { replaceKeyPrefixWith: 'documents/' } },
    {
      condition: { httpErrorCodeReturnedEquals: '404', keyPrefixEquals: 'images/' },
      redirect: { replaceKeyWith: 'none.png', protocol: 'https', hostName: 'example.com', httpRedirectCode: '302' },
    },
  ],
}

describe('a path', () => {
  test('is an object, and a folder its index document', () => {
    const keyOf = (key: string): unknown => resolveWebsite(site, request(key))
    assert.deepEqual(keyOf('a.html'), { kind: 'object', key: 'a.html' })
    assert.deepEqual(keyOf(''), { kind: 'object', key: 'index.html' })
    assert.deepEqual(keyOf('a/'), { kind: 'object', key: 'a/index.html' })
  })

  test('is redirected by prefix before anything is looked up', () => {
    assert.deepEqual(resolveWebsite(site, request('docs/a b?ä')), {
      kind: 'redirect',
      status: 301,
      location: 'http://site.example:9000/documents/a%20b%3F%C3%A4',
    })
  })

  test('without a slash leads to its folder, where that has an index document', () => {
    assert.deepEqual(websiteFolder(site, request('a')), {
      indexKey: 'a/index.html',
      redirect: { kind: 'redirect', status: 302, location: '/a/' },
    })
    assert.equal(websiteFolder(site, request('a/')), undefined)
    assert.equal(websiteFolder(site, request('')), undefined)
  })

  test('is redirected whole where everything is', () => {
    const moved: WebsiteConfiguration = { redirectAllRequestsTo: { hostName: 'example.com', protocol: 'https' } }
    assert.deepEqual(resolveWebsite(moved, request('a/b')), {
      kind: 'redirect',
      status: 301,
      location: 'https://example.com/a/b',
    })
  })

  test('takes its query along', () => {
    const moved: WebsiteConfiguration = { redirectAllRequestsTo: { hostName: 'example.com', protocol: 'https' } }
    const answer = resolveWebsite(moved, { ...request('a'), query: 'b=c&d=%20\u00e4\n' })
    assert.deepEqual(answer, { kind: 'redirect', status: 301, location: 'https://example.com/a?b=c&d=%20%E4%0A' })
  })
})

describe('an error', () => {
  test('is redirected by a rule for its status and prefix', () => {
    assert.deepEqual(resolveWebsiteError(site, request('images/a'), 404), {
      kind: 'redirect',
      status: 302,
      location: 'https://example.com/none.png',
    })
    assert.equal(resolveWebsiteError(site, request('images/a'), 403).kind, 'document')
    assert.equal(resolveWebsiteError(site, request('other'), 404).kind, 'document')
  })

  test('has a document where it is the client’s', () => {
    assert.deepEqual(resolveWebsiteError(site, request('x'), 404), { kind: 'document', key: 'error.html' })
    assert.deepEqual(resolveWebsiteError(site, request('x'), 503), { kind: 'none' })
    assert.deepEqual(resolveWebsiteError({ indexDocument: { suffix: 'i' } }, request('x'), 404), { kind: 'none' })
  })
})
