// The model of the log's tail: what happens when the store opens. What it trusts and what it judges is decided by the store's own
// `planRecovery`; scan, replay and judging follow `log-recovery.ts`.

import { planRecovery } from '../../src/store/recovery-plan.ts'
import type { RecoveryPlan, ScannedSegment } from '../../src/store/recovery-plan.ts'
import { isOnMedium, isVisible, placeOf } from './log-medium.ts'
import type { Segment } from './log-medium.ts'
import { apply, nameOf, nothingKnown, start } from './log-state.ts'
import type { Item, LogSwitches, Position, State } from './log-state.ts'

/** Scan, plan and replay; what is judged waits to be appended again. */
export function openStore(state: State, on: LogSwitches): State {
  const { known: indexed, position } = state.checkpoint ?? { known: nothingKnown, position: start }
  const segments = state.segments.filter(({ segment }) => segment >= position.segment)
  const scanned = scan(segments, position, on)
  const plan: RecoveryPlan = on('last-batch-judged')
    ? planRecovery(scanned)
    : { ends: new Map(), judge: [], claims: [] }
  let known = indexed
  let trustedTooMuch = ''
  let nextSequence = 1 + Math.max(indexed.a.sequence, indexed.b.sequence)
  const settledUpTo = plan.claims.at(-1)?.segment ?? Number.MAX_SAFE_INTEGER
  let settled = position
  for (const { segment, batches } of segments) {
    const first = segment === position.segment ? position.offset : 0
    if (segment <= settledUpTo) settled = { segment, offset: first }
    for (const [index, batch] of batches.entries()) {
      if (!isVisible(batch.header)) continue
      for (const entry of batch.entries) nextSequence = Math.max(nextSequence, entry.sequence + 1)
      if (index < first || index >= (plan.ends.get(segment) ?? batches.length)) continue
      if (segment <= settledUpTo) settled = { segment, offset: index + 1 }
      for (const entry of batch.entries) {
        known = apply(known, entry)
        if (placeOf(batch, entry) !== 'durable')
          trustedTooMuch ||= `segment ${segment}: ${nameOf(entry)} is trusted, and is ${placeOf(batch, entry)}`
      }
    }
  }
  const survivors = judge(segments, plan, known, on)
  const opened: State = {
    ...state,
    process: 'recovering',
    known,
    nextSequence,
    trustedTooMuch,
    settled,
    claims: plan.claims,
  }
  if (on('survivors-again')) return { ...opened, queue: survivors }
  return { ...opened, known: survivors.reduce(apply, known) }
}

function judge(
  segments: readonly Segment[],
  plan: RecoveryPlan,
  known: State['known'],
  on: LogSwitches,
): readonly Item[] {
  const survivors: Item[] = []
  for (const { segment, offset } of plan.judge) {
    const batch = segments.find((each) => each.segment === segment)?.batches[offset]
    for (const entry of batch?.entries ?? []) {
      const { key, kind, sequence } = entry
      const isNew = sequence > known[key].sequence
      const isKnown = sequence === known[key].sequence && on('known-again')
      const isNews = (isNew || isKnown) && !survivors.some((item) => item.sequence === sequence)
      if (batch !== undefined && isNews && isOnMedium(placeOf(batch, entry)))
        survivors.push({ key, kind, sequence, attempts: 0 })
    }
  }
  return survivors
}

/** What the store's scan finds with ordinary reads. */
function scan(segments: readonly Segment[], position: Position, on: LogSwitches): readonly ScannedSegment[] {
  let isProved = false
  const scanned = segments.toReversed().map(({ segment, claims, isSealed, batches }): ScannedSegment => {
    const first = segment === position.segment ? position.offset : 0
    const found = [...batches.entries()].filter(
      ([index, batch]) => isVisible(batch.header) && (isSealed || index >= first),
    )
    const offset = found.at(-1)?.[0]
    const proves = found.some(([, batch]) => !batch.isRecovery || !on('recovery-proves-nothing'))
    const hasNormalBatch = proves || (isSealed && (isProved || !on('seal-proves-itself')))
    isProved ||= hasNormalBatch
    const last = isSealed || offset === undefined ? undefined : { offset }
    return { segment, claims, isSealed, start: first, last, hasNormalBatch }
  })
  return scanned.toReversed()
}
