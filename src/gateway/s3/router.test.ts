import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { addressedHost, parseAddress, signedHosts } from './addressing.ts'
import { operations } from './operations-table.ts'
import type { OperationName, Target } from './operations-table.ts'
import { route } from './router.ts'
import { S3Error } from './s3-error.ts'
import { parseS3Query } from './s3-query.ts'

function routed(method: string, target: Target, query = '', headers: Record<string, string> = {}): string {
  return route({ method, target, query: parseS3Query(query), headers })
}

describe('the router of S3', () => {
  it('finds every operation of the table by what the table says of it', () => {
    for (const name of Object.keys(operations) as OperationName[]) {
      const { method, target, query, header } = operations[name]
      const headers = header === undefined ? {} : { [header]: 'x' }
      assert.equal(routed(method, target, (query ?? []).join('&'), headers), name)
    }
  })

  it('tells objects, parts and copies apart', () => {
    assert.equal(routed('PUT', 'object'), 'PutObject')
    assert.equal(routed('PUT', 'object', 'x-id=PutObject'), 'PutObject')
    assert.equal(routed('PUT', 'object', '', { 'x-amz-copy-source': '/a/b' }), 'CopyObject')
    assert.equal(routed('PUT', 'object', 'partNumber=1&uploadId=u'), 'UploadPart')
    assert.equal(routed('PUT', 'object', 'partNumber=1&uploadId=u', { 'x-amz-copy-source': '/a/b' }), 'UploadPartCopy')
    assert.equal(routed('GET', 'object', 'partNumber=1'), 'GetObject')
    assert.equal(routed('GET', 'object', 'versionId=v&response-content-type=text/plain'), 'GetObject')
  })

  it('ignores query parameters that nobody knows', () => {
    assert.equal(routed('GET', 'bucket', 'anything=1'), 'ListObjects')
    assert.equal(routed('GET', 'bucket', 'list-type=2&prefix=a'), 'ListObjectsV2')
  })

  it('never takes a sub-resource for the bucket or object itself', () => {
    for (const [method, target, query] of [
      ['DELETE', 'bucket', 'versioning'],
      ['DELETE', 'bucket', 'acl'],
      ['PUT', 'bucket', 'location'],
      ['PUT', 'object', 'lifecycle'],
      ['DELETE', 'object', 'acl'],
      ['DELETE', 'object', 'uploads'],
      ['PUT', 'object', 'uploadId=u'],
    ] as const) {
      assert.throws(
        () => routed(method, target, query),
        (error) => error instanceof S3Error && error.code === 'MethodNotAllowed',
        `${method} ${target} ${query}`,
      )
    }
  })

  it('is never an object put in the place of a part whose upload is not named', () => {
    assert.throws(() => routed('PUT', 'object', 'partNumber=1'), { code: 'InvalidArgument' })
    assert.equal(routed('GET', 'object', 'partNumber=1'), 'GetObject')
  })
})

describe('the address of a request', () => {
  it('is read in path style', () => {
    assert.deepEqual(parseAddress('/', undefined, []), {
      target: 'service',
      bucket: '',
      key: '',
      isVirtualHosted: false,
    })
    for (const path of ['/b', '/b/']) assert.equal(parseAddress(path, undefined, []).target, 'bucket')
    const keys = { '/b/k': 'k', '/b//k': '/k', '/b/a/../c': 'a/../c', '/b/%C3%BC+%2B/': 'ü++/', '/b/a%2Fb': 'a/b' }
    for (const [path, key] of Object.entries(keys)) assert.equal(parseAddress(path, undefined, []).key, key)
  })

  it('is read from the host below a domain that was named', () => {
    const domains = ['s3.example.com', 'localhost']
    const of = (host: string, path: string): string => {
      const { bucket, key, isVirtualHosted } = parseAddress(path, host, domains)
      return `${isVirtualHosted ? 'host' : 'path'} ${bucket} ${key}`
    }
    assert.equal(of('b.s3.example.com', '/k/l'), 'host b k/l')
    assert.equal(of('a.b.S3.Example.com:9000', '/'), 'host a.b ')
    assert.equal(of('b.localhost:9000', '/k'), 'host b k')
    assert.equal(of('s3.example.com', '/b/k'), 'path b k')
    assert.equal(of('xs3.example.com', '/b/k'), 'path b k')
    assert.equal(of('127.0.0.1:9000', '/b/k'), 'path b k')
  })

  it('is read from what a trusted proxy was asked for where the header Host names no bucket', () => {
    const of = (host: string, forwardedHost: string | undefined): string | undefined =>
      addressedHost({ host, forwardedHost }, ['s3.test'])
    assert.equal(of('10.0.0.7:9000', 'b.s3.test'), 'b.s3.test')
    assert.equal(of('10.0.0.7:9000', undefined), '10.0.0.7:9000')
    assert.equal(of('a.s3.test', 'b.s3.test'), 'a.s3.test')
  })

  it('decides for which hosts it may be signed: those that name the same bucket', () => {
    const of = (host: string, forwardedHost?: string): string => {
      const settings = { endpoints: ['s3.test:8443', 'other.test'], domains: ['s3.test'] }
      const { isOwnHost, others } = signedHosts({ host, forwardedHost }, settings)
      return [isOwnHost ? 'own' : '-', ...others].join(' ')
    }
    assert.equal(of('10.0.0.7:9000'), 'own s3.test:8443 other.test')
    assert.equal(of('s3.test'), 'own s3.test:8443 other.test')
    assert.equal(of('b.s3.test'), 'own b.s3.test:8443')
    assert.equal(of('b.s3.test', 'b.s3.test:8000'), 'own b.s3.test:8000 b.s3.test:8443')
    assert.equal(of('b.s3.test', 'c.s3.test'), 'own b.s3.test:8443')
    assert.equal(of('10.0.0.7:9000', 'b.s3.test:443'), '- b.s3.test:443 b.s3.test:8443')
    assert.equal(of('10.0.0.7:9000', 's3.test:444'), 'own s3.test:444 s3.test:8443 other.test')
    const without = signedHosts({ host: 'b.s3.test', forwardedHost: undefined }, { endpoints: ['a.test'], domains: [] })
    assert.deepEqual(without, { isOwnHost: true, others: ['a.test'] })
  })

  it('refuses what is not percent-encoded UTF-8', () => {
    for (const path of ['/b/%', '/b/%zz', '/b/%FF', '/%C0/k', '//k']) {
      assert.throws(() => parseAddress(path, undefined, []), { code: 'InvalidURI' }, path)
    }
  })
})
