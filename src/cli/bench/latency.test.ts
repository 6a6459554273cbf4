import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { LatencyHistogram } from './latency.ts'

function isNear(value: number | undefined, expected: number): boolean {
  return value !== undefined && Math.abs(value / expected - 1) < 0.02
}

describe('LatencyHistogram', () => {
  test('gives quantiles to within two per cent', () => {
    const latencies = new LatencyHistogram()
    for (let index = 1; index <= 1000; index++) latencies.record(index)
    assert.ok(isNear(latencies.quantileMs(0.5), 500))
    assert.ok(isNear(latencies.quantileMs(0.99), 990))
  })

  test('adds up what several processes counted', () => {
    const [one, other] = [new LatencyHistogram(), new LatencyHistogram()]
    for (let index = 0; index < 10; index++) one.record(2)
    for (let index = 0; index < 30; index++) other.record(80)
    one.add(other.toPairs())
    assert.ok(isNear(one.quantileMs(0.2), 2))
    assert.ok(isNear(one.quantileMs(0.5), 80))
  })

  test('has no quantile of nothing', () => {
    assert.equal(new LatencyHistogram().quantileMs(0.5), undefined)
  })
})
