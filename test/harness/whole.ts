// Whether a cluster is whole: by its own word, and by a count of its own (fragment-audit.ts) that the word is held against.

import assert from 'node:assert/strict'

import type { FragmentAudit } from './fragment-audit.ts'
import { readStatus, saysWhole, untilWhole } from './cluster-status.ts'

/**
 * Where the cluster says that it is whole, what was live before it was asked must be there: the map is read before, so a slot that moves
 * meanwhile may be at either of its holders. @returns whether it said so.
 */
async function checkHonesty(url: string, audit: FragmentAudit): Promise<boolean> {
  const before = await audit.expectation()
  const status = await readStatus(url)
  if (!saysWhole(status)) return false
  const { missing, unreachable } = await audit.run(before)
  assert.deepEqual([...unreachable], [], 'it said whole while holders of slots do not answer')
  assert.deepEqual(missing.slice(0, 10), [], `it said whole while ${missing.length} fragments were missing`)
  return true
}

/** Until it says so; an error at once where it says so and the count does not agree. */
export async function untilAuditedWhole(url: string, audit: FragmentAudit, maxMs: number): Promise<void> {
  const endMs = performance.now() + maxMs
  do await untilWhole(url, Math.max(1, endMs - performance.now()))
  while (!(await checkHonesty(url, audit)))
}
