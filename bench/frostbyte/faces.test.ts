import assert from 'node:assert/strict'
import { test } from 'node:test'

import { GIB } from '../../src/base/units.ts'
import type { RowResult } from '../../src/cli/bench/row.ts'
import { compareFaces } from './faces.ts'

function row(server: string, operation: RowResult['operation'], sizeBytes: number, cpuSeconds: number): RowResult {
  return {
    server,
    id: `${operation}-${sizeBytes}`,
    operation,
    sizeBytes,
    clients: 1,
    operations: 100,
    bytes: 100 * sizeBytes,
    names: 0,
    seconds: 1,
    p50Ms: 1,
    p99Ms: 1,
    failures: 0,
    firstFailure: undefined,
    cpu: { user: cpuSeconds, system: 0 },
    memory: undefined,
    othersShare: 0,
  }
}

test('digests are taken away before S3 is compared with REST', () => {
  const rows = [
    row('frostbyte', 'upload', 1000, 0.1),
    row('s3', 'upload', 1000, 0.2),
    row('s3-sha256', 'upload', 1000, 0.25),
  ]
  const digests = { 'md5 1000': 0.0005, 'sha256 1000': 0.0005 }
  const loopDelays = { 's3 upload-1000': { p99Ms: 12, maxMs: 30 } }
  const [plain, signed] = compareFaces({ rows, loopDelays, digests })
  assert.deepEqual(
    [plain?.unit, plain?.rest, plain?.face, plain?.md5, plain?.sha256, plain?.ratio],
    ['CPU-ms', 1, 2, 0.5, 0, 1.5],
  )
  assert.deepEqual([signed?.sha256, signed?.ratio], [0.5, 1.5])
  assert.deepEqual([plain?.faceDelay, plain?.restDelay], [{ p99Ms: 12, maxMs: 30 }, undefined])
})

test('large bodies count by the GiB, and a download demands no digest', () => {
  const rows = [
    row('frostbyte', 'download', GIB, 100),
    row('s3', 'download', GIB, 120),
    row('nginx', 'download', GIB, 1),
  ]
  const [only, ...others] = compareFaces({ rows, loopDelays: {}, digests: { [`md5 ${GIB}`]: 1 } })
  assert.deepEqual([only?.unit, only?.rest, only?.face, only?.md5, only?.ratio], ['CPU-s/GiB', 1, 1.2, 0, 1.2])
  assert.equal(others.length, 0)
})
