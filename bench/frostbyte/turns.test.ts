import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { RowResult } from '../../src/cli/bench/row.ts'
import { addTurn } from './turns.ts'

const turn: RowResult = {
  server: 's3',
  id: 'upload-10KiB-64',
  operation: 'upload',
  sizeBytes: 10_240,
  clients: 64,
  operations: 100,
  bytes: 1_024_000,
  names: 0,
  seconds: 1,
  p50Ms: 5,
  p99Ms: 9,
  failures: 0,
  firstFailure: undefined,
  cpu: { user: 2, system: 1 },
  memory: undefined,
  othersShare: 0.5,
}

test('turns of a row add up, with the worse latencies of them', () => {
  const other: RowResult = {
    ...turn,
    operations: 300,
    seconds: 3,
    p50Ms: 4,
    p99Ms: 20,
    failures: 1,
    firstFailure: 'status 500',
    othersShare: 0.1,
  }
  assert.equal(addTurn(undefined, turn), turn)
  const sum = addTurn(turn, other)
  assert.deepEqual(sum.cpu, { user: 4, system: 2 })
  assert.ok(Math.abs((sum.othersShare ?? 0) - 0.2) < 1e-9)
  const { operations, bytes, seconds, p50Ms, p99Ms, failures, firstFailure } = sum
  assert.deepEqual(
    { operations, bytes, seconds, p50Ms, p99Ms, failures, firstFailure },
    { operations: 400, bytes: 2_048_000, seconds: 4, p50Ms: 5, p99Ms: 20, failures: 1, firstFailure: 'status 500' },
  )
})
