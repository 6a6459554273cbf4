// One row measured several times, with the other servers' turns in between: what the machine does meanwhile then meets all of them alike.
// Pure.

import type { RowResult } from '../../src/cli/bench/row.ts'

/** Both turns as one row: counts and costs added, the worse latencies, the memory of the later one. */
export function addTurn(before: RowResult | undefined, turn: RowResult): RowResult {
  if (before === undefined) return turn
  const seconds = before.seconds + turn.seconds
  const shareOf = ({ othersShare = 0, seconds: own }: RowResult): number => othersShare * own
  return {
    ...turn,
    operations: before.operations + turn.operations,
    bytes: before.bytes + turn.bytes,
    names: before.names + turn.names,
    seconds,
    p50Ms: worse(before.p50Ms, turn.p50Ms),
    p99Ms: worse(before.p99Ms, turn.p99Ms),
    failures: before.failures + turn.failures,
    firstFailure: before.firstFailure ?? turn.firstFailure,
    cpu:
      before.cpu === undefined || turn.cpu === undefined
        ? undefined
        : { user: before.cpu.user + turn.cpu.user, system: before.cpu.system + turn.cpu.system },
    othersShare: turn.othersShare === undefined ? undefined : (shareOf(before) + shareOf(turn)) / seconds,
  }
}

function worse(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.max(one, other)
}
