import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { bucketTagging, objectTagging, parseTaggingHeader } from './tagging.ts'
import { codeOf, verdictOn } from './testing/codes.ts'

const onObject = verdictOn(objectTagging, 'Tagging')
const onBucket = verdictOn(bucketTagging, 'Tagging')

function tag(key: string, value = 'v'): string {
  return `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`
}

function tags(count: number): string {
  return Array.from({ length: count }, (_, index) => tag(`k${index}`)).join('')
}

function set(inner: string): string {
  return `<TagSet>${inner}</TagSet>`
}

describe('Tagging', () => {
  test('takes ten tags of an object and fifty of a bucket', () => {
    assert.equal(onObject(set(tags(10))), 'ok')
    assert.equal(onObject(set(tags(11))), 'BadRequest')
    assert.equal(onBucket(set(tags(50))), 'ok')
    assert.equal(onBucket(set(tags(51))), 'BadRequest')
    assert.equal(onObject(set('')), 'ok')
  })

  test('bounds keys and values', () => {
    assert.equal(onObject(set(tag('k'.repeat(128), 'v'.repeat(256)))), 'ok')
    assert.equal(onObject(set(tag('k'.repeat(129)))), 'InvalidTag')
    assert.equal(onObject(set(tag('k', 'v'.repeat(257)))), 'InvalidTag')
    assert.equal(onObject(set(tag(''))), 'InvalidTag')
    assert.equal(onObject(set(tag('k', ''))), 'ok')
  })

  test('takes letters, numbers and spaces of any script and a few signs, and nothing else', () => {
    assert.equal(onObject(set(tag('Größe 大小 ٣', '+-=._:/@'))), 'ok')
    for (const bad of ['&lt;', '!', '#', '{', '&#10;', '😀'])
      assert.equal(onObject(set(tag(`a${bad}`))), 'InvalidTag', bad)
  })

  test('refuses a key twice and those of the system', () => {
    assert.equal(onObject(set(tag('a') + tag('a'))), 'InvalidTag')
    assert.equal(onObject(set(tag('a') + tag('A'))), 'ok')
    assert.equal(onBucket(set(tag('aws:x'))), 'InvalidTag')
  })

  test('refuses what is not of the schema', () => {
    for (const bad of ['', '<TagSet/><TagSet/>', set('<Tag><Key>a</Key></Tag>'), set('<Tag/>'), set('<Key>a</Key>')]) {
      assert.equal(onObject(bad), 'MalformedXML', bad)
    }
  })
})

describe('the header x-amz-tagging', () => {
  test('is a query', () => {
    assert.deepEqual(parseTaggingHeader('a=1&b+c=d%3De&empty&x='), [
      { key: 'a', value: '1' },
      { key: 'b c', value: 'd=e' },
      { key: 'empty', value: '' },
      { key: 'x', value: '' },
    ])
    assert.deepEqual(parseTaggingHeader(''), [])
  })

  test('is refused where it is none, or says a key twice', () => {
    const on = (header: string): string => codeOf(() => parseTaggingHeader(header))
    assert.equal(on('a=%'), 'InvalidArgument')
    assert.equal(on('a=%FF'), 'InvalidArgument')
    assert.equal(on('a=1&%61=2'), 'InvalidArgument')
    assert.equal(on('=1'), 'InvalidTag')
    assert.equal(on(`${'k'.repeat(129)}=1`), 'InvalidTag')
    assert.equal(on(Array.from({ length: 11 }, (_, index) => `k${index}=1`).join('&')), 'BadRequest')
  })

  test('gives back what URLSearchParams wrote, and throws nothing but an S3Error', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9 _.:/=+\-@é大]{1,20}$/)
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(word, word), { selector: ([key]) => key, maxLength: 10 }), (pairs) => {
        const parsed = parseTaggingHeader(new URLSearchParams(pairs).toString())
        assert.deepEqual(
          parsed.map(({ key, value }) => [key, value]),
          pairs,
        )
      }),
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (header) => codeOf(() => parseTaggingHeader(header)) !== ''),
    )
  })
})
