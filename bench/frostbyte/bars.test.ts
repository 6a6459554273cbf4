import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { RowResult } from '../../src/cli/bench/row.ts'
import { evaluateBars } from './bars.ts'
import type { Bar, Measured } from './bars.ts'

const nothing: Measured = {
  rows: [],
  floorUpload: undefined,
  floorDownload: undefined,
  commits: undefined,
  idle: undefined,
}

/** Uploads of one GiB in files of 256 MiB, at a cost in CPU-seconds. */
function uploads(cost: number): RowResult {
  return {
    server: 'frostbyte',
    id: 'upload-256MiB-1',
    operation: 'upload',
    sizeBytes: 2 ** 28,
    clients: 1,
    operations: 4,
    bytes: 2 ** 30,
    names: 0,
    seconds: 4,
    p50Ms: 1000,
    p99Ms: 1000,
    failures: 0,
    firstFailure: undefined,
    cpu: { user: cost / 2, system: cost / 2 },
    memory: undefined,
    othersShare: 0,
  }
}

function uploadBar(cost: number, floorUpload: number | undefined): Bar {
  const [bar] = evaluateBars({ ...nothing, rows: [uploads(cost)], floorUpload })
  assert.ok(bar !== undefined)
  return bar
}

describe('bars', () => {
  test('hold by the absolute figure alone', () => {
    assert.equal(uploadBar(3.1, 1).holds, true)
    assert.equal(uploadBar(3.1, undefined).holds, true)
  })

  test('hold by the ratio alone', () => {
    assert.equal(uploadBar(4.2, 2).holds, true)
    assert.equal(uploadBar(4.2, 2).ratio, 2.1)
  })

  test('are missed where neither figure holds', () => {
    assert.equal(uploadBar(4.2, 1.5).holds, false)
    assert.equal(uploadBar(4.2, undefined).holds, false)
  })

  test('leave open what was not measured', () => {
    for (const bar of evaluateBars(nothing)) assert.equal(bar.holds, undefined)
  })

  test('ask of a lone client no more commits than the disk has syncs for', () => {
    const row = { clients: 1, commitsPerSecond: 80, p50Ms: 1, p99Ms: 1, cpuMsPerCommit: 1 }
    const commits = { syncSeconds: 0.005, keys: 0, rows: [row] }
    const bar = evaluateBars({ ...nothing, commits }).find(({ what }) => what === 'durable commits, 1 client')
    assert.equal(bar?.holds, true)
  })
})
