import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { lifecycleConfiguration } from './lifecycle-configuration.ts'
import { verdictOn } from './testing/codes.ts'

const on = verdictOn(lifecycleConfiguration, 'LifecycleConfiguration')
const filter = '<Filter><Prefix>a</Prefix></Filter>'
const days = '<Expiration><Days>3</Days></Expiration>'
const tag = '<Tag><Key>k</Key><Value>v</Value></Tag>'
const abort =
  '<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>'

function rule(inner: string, status = 'Enabled'): string {
  return `<Rule><Status>${status}</Status>${inner}</Rule>`
}

function verdict(inner: string): string {
  return on(rule(inner))
}

describe('LifecycleConfiguration', () => {
  test('needs a rule, a status, a scope and an action', () => {
    assert.equal(on(''), 'MalformedXML')
    assert.equal(verdict(filter + days), 'ok')
    assert.equal(on(rule(filter + days, 'enabled')), 'MalformedXML')
    assert.equal(on(`<Rule>${filter}${days}</Rule>`), 'MalformedXML')
    assert.equal(verdict(days), 'MalformedXML')
    assert.equal(verdict(`<Prefix/>${filter}${days}`), 'MalformedXML')
    assert.equal(verdict(`<Prefix/>${days}`), 'ok')
    assert.equal(verdict(`<Filter/>${days}`), 'ok')
    assert.equal(verdict(filter), 'InvalidRequest')
    assert.equal(on(rule(filter + days) + rule(`<Prefix/>${days}`)), 'InvalidRequest')
  })

  test('takes at most 1,000 rules, ids of at most 255 characters, each once', () => {
    const id = (text: string): string => rule(`<ID>${text}</ID>${filter}${days}`)
    assert.equal(on(Array.from({ length: 1000 }, (_, index) => id(`r${index}`)).join('')), 'ok')
    assert.equal(on(rule(filter + days).repeat(1001)), 'MalformedXML')
    assert.equal(on(id('x'.repeat(255))), 'ok')
    assert.equal(on(id('x'.repeat(256))), 'InvalidArgument')
    assert.equal(on(id('x') + id('x')), 'InvalidArgument')
  })

  test('names rules that have no id, without taking the name of another', () => {
    const xml = rule(filter + days) + rule(`<ID>rule-1</ID>${filter}${days}`) + rule(`<ID/>${filter}${days}`)
    const { rules } = lifecycleConfiguration.parse(
      Buffer.from(`<LifecycleConfiguration>${xml}</LifecycleConfiguration>`),
    )
    assert.deepEqual(
      rules.map(({ id }) => id),
      ['rule-2', 'rule-1', 'rule-3'],
    )
  })

  test('joins predicates by And only, and at least two of them', () => {
    assert.equal(verdict(`<Filter><Prefix>a</Prefix>${tag}</Filter>${days}`), 'MalformedXML')
    assert.equal(verdict(`<Filter><And><Prefix>a</Prefix></And></Filter>${days}`), 'MalformedXML')
    assert.equal(verdict(`<Filter><And><Prefix>a</Prefix>${tag}</And></Filter>${days}`), 'ok')
    assert.equal(verdict(`<Filter><And>${tag}${tag}</And></Filter>${days}`), 'InvalidTag')
    const sizes = (greater: number, less: number): string =>
      `<Filter><And><ObjectSizeGreaterThan>${greater}</ObjectSizeGreaterThan><ObjectSizeLessThan>${less}</ObjectSizeLessThan></And></Filter>`
    assert.equal(verdict(sizes(1, 2) + days), 'ok')
    assert.equal(verdict(sizes(2, 2) + days), 'InvalidRequest')
    assert.equal(verdict(sizes(-1, 2) + days), 'InvalidArgument')
  })

  test('bounds days and wants dates at midnight', () => {
    const expiration = (inner: string): string => verdict(`${filter}<Expiration>${inner}</Expiration>`)
    assert.equal(expiration('<Days>0</Days>'), 'InvalidArgument')
    assert.equal(expiration('<Days>-1</Days>'), 'InvalidArgument')
    assert.equal(expiration('<Days>1.5</Days>'), 'MalformedXML')
    assert.equal(expiration('<Days>2147483648</Days>'), 'InvalidArgument')
    assert.equal(expiration('<Date>2030-01-01</Date>'), 'ok')
    assert.equal(expiration('<Date>2030-01-01T00:00:01Z</Date>'), 'InvalidArgument')
    assert.equal(expiration('<Date>2030-02-30</Date>'), 'MalformedXML')
    assert.equal(expiration('<Date>20200101</Date>'), 'MalformedXML')
    assert.equal(expiration(''), 'MalformedXML')
    assert.equal(expiration('<Days>1</Days><Date>2030-01-01</Date>'), 'MalformedXML')
    assert.equal(
      expiration('<Days>1</Days><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>'),
      'MalformedXML',
    )
    assert.equal(expiration('<Days>1</Days><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker>'), 'ok')
  })

  test('knows which actions go without tags or sizes', () => {
    const tagged = `<Filter>${tag}</Filter>`
    const sized = '<Filter><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></Filter>'
    const marker = '<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>'
    assert.equal(verdict(tagged + days), 'ok')
    assert.equal(verdict(tagged + abort), 'InvalidRequest')
    assert.equal(verdict(sized + abort), 'InvalidRequest')
    assert.equal(verdict(tagged + marker), 'InvalidRequest')
    assert.equal(verdict(filter + abort + marker), 'ok')
  })

  test('bounds the number of noncurrent versions that stay', () => {
    const noncurrent = (inner: string, scope = filter): string =>
      verdict(`${scope}<NoncurrentVersionExpiration>${inner}</NoncurrentVersionExpiration>`)
    const newer = (count: number): string =>
      `<NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>${count}</NewerNoncurrentVersions>`
    assert.equal(noncurrent(newer(100)), 'ok')
    assert.equal(noncurrent(newer(101)), 'InvalidArgument')
    assert.equal(noncurrent(newer(0)), 'InvalidArgument')
    assert.equal(noncurrent('<NewerNoncurrentVersions>1</NewerNoncurrentVersions>'), 'MalformedXML')
    assert.equal(noncurrent('<NoncurrentDays>0</NoncurrentDays>'), 'InvalidArgument')
    assert.equal(noncurrent(newer(1), '<Prefix/>'), 'InvalidRequest')
  })

  test('lets nothing expire before it moves, and mixes no dates with days', () => {
    const move = (inner: string, storageClass = 'GLACIER'): string =>
      `<Transition>${inner}<StorageClass>${storageClass}</StorageClass></Transition>`
    assert.equal(verdict(filter + days + move('<Days>2</Days>')), 'ok')
    assert.equal(verdict(filter + days + move('<Days>3</Days>')), 'InvalidArgument')
    assert.equal(verdict(filter + days + move('<Date>2030-01-01</Date>')), 'InvalidRequest')
    assert.equal(verdict(filter + move('<Days>0</Days>')), 'ok')
    assert.equal(verdict(filter + move('')), 'MalformedXML')
    assert.equal(verdict(filter + move('<Days>1</Days>', 'COLD')), 'MalformedXML')
    assert.equal(verdict(filter + move('<Days>1</Days>') + move('<Days>2</Days>')), 'InvalidRequest')
  })
})
