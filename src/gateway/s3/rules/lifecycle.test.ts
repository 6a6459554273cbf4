import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import type { LifecycleConfiguration, LifecycleRule } from '../documents/lifecycle-configuration.ts'
import { abortOf, decideLifecycle, expirationOf, formatExpiration } from './lifecycle.ts'
import type { LifecycleVersion } from './lifecycle.ts'

const dayMs = 86_400_000
const midnightMs = Date.UTC(2026, 0, 10)
const hourMs = 3_600_000

function configured(...rules: readonly Partial<LifecycleRule>[]): LifecycleConfiguration {
  return {
    rules: rules.map((rule, index) => ({
      id: `r${index + 1}`,
      status: 'Enabled',
      transitions: [],
      noncurrentVersionTransitions: [],
      ...rule,
    })),
  }
}

function version(given: Partial<LifecycleVersion> = {}): LifecycleVersion {
  return {
    key: 'logs/a',
    sizeBytes: 100,
    modifiedMs: midnightMs + hourMs,
    tags: [],
    isLatest: true,
    isDeleteMarker: false,
    newerNoncurrentCount: 0,
    isOnlyVersion: true,
    ...given,
  }
}

/** Kind and rule of what is due so many days after the midnight before the version was made. */
function due(
  configuration: LifecycleConfiguration,
  days: number,
  given: Partial<LifecycleVersion> = {},
): string | undefined {
  const action = decideLifecycle(configuration, version(given), { nowMs: midnightMs + days * dayMs, dayMs })
  return action === undefined ? undefined : `${action.kind} ${action.ruleId}`
}

describe('the latest version', () => {
  test('expires at the midnight after its days', () => {
    const rules = configured({ filter: {}, expiration: { days: 3 } })
    assert.equal(due(rules, 3.9), undefined)
    assert.equal(due(rules, 4), 'expire r1')
    // Made at midnight itself, it does not wait for another one.
    assert.equal(due(rules, 3, { modifiedMs: midnightMs }), 'expire r1')
  })

  test('expires at a date, whenever it was made', () => {
    const rules = configured({ filter: {}, expiration: { dateMs: midnightMs + 2 * dayMs } })
    assert.equal(due(rules, 1.9), undefined)
    assert.equal(due(rules, 2), 'expire r1')
    assert.equal(due(rules, 9, { modifiedMs: midnightMs + 8 * dayMs }), 'expire r1')
  })

  test('expires by rules that are enabled and whose filter it passes', () => {
    const expiration = { days: 1 }
    const tag = { key: 'k', value: 'v' }
    assert.equal(due(configured({ status: 'Disabled', filter: {}, expiration }), 9), undefined)
    assert.equal(due(configured({ prefix: 'logs/', expiration }), 9), 'expire r1')
    assert.equal(due(configured({ prefix: 'log2/', expiration }), 9), undefined)
    assert.equal(due(configured({ filter: { prefix: 'tmp/' }, expiration }), 9), undefined)
    const tagged = configured({ filter: { tag }, expiration })
    assert.equal(due(tagged, 9), undefined)
    assert.equal(due(tagged, 9, { tags: [{ key: 'k', value: 'w' }] }), undefined)
    assert.equal(due(tagged, 9, { tags: [tag] }), 'expire r1')
    const sized = configured({ filter: { and: { tags: [], sizeGreaterThan: 99, sizeLessThan: 101 } }, expiration })
    assert.equal(due(sized, 9), 'expire r1')
    assert.equal(due(sized, 9, { sizeBytes: 99 }), undefined)
    assert.equal(due(sized, 9, { sizeBytes: 101 }), undefined)
    const both = configured({ filter: { and: { prefix: 'logs/', tags: [tag, { key: 'l', value: '' }] } }, expiration })
    assert.equal(due(both, 9, { tags: [tag] }), undefined)
    assert.equal(due(both, 9, { tags: [{ key: 'l', value: '' }, tag] }), 'expire r1')
  })

  test('moves, the furthest that it may, and rather expires', () => {
    const transitions = [
      { days: 1, storageClass: 'STANDARD_IA' },
      { days: 3, storageClass: 'GLACIER' },
    ] as const
    const rules = configured({ filter: {}, transitions, expiration: { days: 5 } })
    const decide = (days: number): unknown =>
      decideLifecycle(rules, version(), { nowMs: midnightMs + days * dayMs, dayMs })
    assert.deepEqual(decide(2), {
      kind: 'transition',
      ruleId: 'r1',
      dueMs: midnightMs + 2 * dayMs,
      storageClass: 'STANDARD_IA',
    })
    assert.deepEqual(decide(5), {
      kind: 'transition',
      ruleId: 'r1',
      dueMs: midnightMs + 4 * dayMs,
      storageClass: 'GLACIER',
    })
    assert.deepEqual(decide(6), { kind: 'expire', ruleId: 'r1', dueMs: midnightMs + 6 * dayMs })
  })

  test('is not touched by rules for noncurrent versions', () => {
    assert.equal(due(configured({ filter: {}, noncurrentVersionExpiration: { noncurrentDays: 1 } }), 99), undefined)
  })
})

describe('a noncurrent version', () => {
  const noncurrent = { isLatest: false, isOnlyVersion: false, noncurrentSinceMs: midnightMs + hourMs, modifiedMs: 0 }

  test('goes so many days after it became one', () => {
    const rules = configured({ filter: {}, noncurrentVersionExpiration: { noncurrentDays: 2 } })
    assert.equal(due(rules, 2.9, noncurrent), undefined)
    assert.equal(due(rules, 3, noncurrent), 'remove r1')
    assert.equal(due(configured({ filter: {}, expiration: { days: 1 } }), 99, noncurrent), undefined)
  })

  test('stays while it is among the newest', () => {
    const rules = configured({
      filter: {},
      noncurrentVersionExpiration: { noncurrentDays: 1, newerNoncurrentVersions: 2 },
    })
    assert.equal(due(rules, 9, { ...noncurrent, newerNoncurrentCount: 1 }), undefined)
    assert.equal(due(rules, 9, { ...noncurrent, newerNoncurrentCount: 2 }), 'remove r1')
  })

  test('moves, but not where it is a delete marker', () => {
    const rules = configured({
      filter: {},
      noncurrentVersionTransitions: [{ noncurrentDays: 1, storageClass: 'GLACIER' }],
    })
    assert.equal(due(rules, 9, noncurrent), 'transition r1')
    assert.equal(due(rules, 9, { ...noncurrent, isDeleteMarker: true }), undefined)
  })
})

describe('a delete marker', () => {
  const marker = { isDeleteMarker: true, sizeBytes: 0 }

  test('goes once nothing is left under it', () => {
    const rules = configured({ filter: {}, expiration: { expiredObjectDeleteMarker: true } })
    assert.equal(due(rules, 1, marker), 'remove r1')
    assert.equal(due(rules, 1, { ...marker, isOnlyVersion: false }), undefined)
    assert.equal(due(rules, 1), undefined)
    const days = configured({ filter: {}, expiration: { days: 2 } })
    assert.equal(due(days, 2, marker), undefined)
    assert.equal(due(days, 3, marker), 'remove r1')
    assert.equal(due(configured({ filter: { sizeGreaterThan: 0 }, expiration: { days: 2 } }), 9, marker), undefined)
  })
})

test('a day is as long as it is said to be', () => {
  const rules = configured({ filter: {}, expiration: { days: 1 } })
  const made = version({ modifiedMs: 10_500 })
  assert.equal(decideLifecycle(rules, made, { nowMs: 11_999, dayMs: 1000 }), undefined)
  assert.equal(decideLifecycle(rules, made, { nowMs: 12_000, dayMs: 1000 })?.kind, 'expire')
})

test('unfinished uploads are aborted by the rule that comes first', () => {
  const rules = configured(
    { filter: {}, abortIncompleteMultipartUpload: { daysAfterInitiation: 7 } },
    { filter: { prefix: 'logs/' }, abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } },
  )
  const initiatedMs = midnightMs + hourMs
  assert.deepEqual(abortOf(rules, { key: 'logs/a', initiatedMs }, dayMs), {
    ruleId: 'r2',
    dueMs: midnightMs + 2 * dayMs,
  })
  assert.deepEqual(abortOf(rules, { key: 'b', initiatedMs }, dayMs), { ruleId: 'r1', dueMs: midnightMs + 8 * dayMs })
  assert.equal(abortOf(configured({ filter: {} }), { key: 'b', initiatedMs }, dayMs), undefined)
})

test('the header x-amz-expiration says when, and by which rule', () => {
  const rules = configured(
    { filter: {}, expiration: { days: 30 } },
    { id: 'a "rule"', filter: {}, expiration: { days: 3 } },
  )
  const expiration = expirationOf(rules, version(), dayMs)
  assert.ok(expiration !== undefined)
  assert.equal(formatExpiration(expiration), 'expiry-date="Wed, 14 Jan 2026 00:00:00 GMT", rule-id="a%20%22rule%22"')
  assert.equal(expirationOf(configured({ filter: {} }), version(), dayMs), undefined)
  const never = expirationOf(configured({ filter: {}, expiration: { days: 2 ** 31 - 1 } }), version(), dayMs)
  assert.match(formatExpiration(never ?? expiration), /^expiry-date="Sat, 13 Sep 275760 00:00:00 GMT"/)
})

test('what the header promises is what happens', () => {
  const days = fc.integer({ min: 1, max: 10 })
  const rule = fc.record({
    filter: fc.constantFrom({}, { prefix: 'logs/' }, { prefix: 'x' }),
    expiration: fc.record({ days }),
  })
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), fc.nat(10 * dayMs), (given, offsetMs) => {
      const rules = configured(...given)
      const made = version({ modifiedMs: midnightMs + offsetMs })
      const expected = expirationOf(rules, made, dayMs)
      if (expected === undefined) return
      assert.equal(decideLifecycle(rules, made, { nowMs: expected.dueMs - 1, dayMs }), undefined)
      assert.equal(decideLifecycle(rules, made, { nowMs: expected.dueMs, dayMs })?.kind, 'expire')
    }),
  )
})
