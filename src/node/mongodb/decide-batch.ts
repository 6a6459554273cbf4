// Decides many decisions one after another on one view, each on what those before it left: what one transaction then commits. In steps,
// where decisions are.

import { assert } from '../../base/assert.ts'
import { isSteps } from '../../base/steps.ts'
import type { Steps } from '../../base/steps.ts'
import { MIB } from '../../base/units.ts'
import { keyBytesMax, valueBytesMax } from '../../ports/key-value.ts'
import type { ByteString, Decided, Decision, KeyValueView } from '../../ports/key-value.ts'
import { OverlayView } from '../overlay-view.ts'

/** A transaction that has so much takes no further decision. MongoDB advises against much more than 1,000 documents. */
const changesMax = 1_000
const bytesMax = 8 * MIB

export type Outcome =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface DecidedBatch {
  /** Of the first decisions, as many as fit together; at least one. */
  readonly outcomes: readonly Outcome[]
  readonly changes: ReadonlyMap<ByteString, Uint8Array | undefined>
}

export function* decideBatch(view: KeyValueView, decisions: readonly Decision<unknown>[]): Steps<DecidedBatch> {
  const overlay = new OverlayView(view)
  const outcomes: Outcome[] = []
  let count = 0
  let bytes = 0
  for (const decision of decisions) {
    if (count >= changesMax || bytes >= bytesMax) break
    const outcome = yield* decide(overlay, decision)
    if (outcome.kind === 'failed') {
      outcomes.push(outcome)
      continue
    }
    for (const [key, row] of outcome.decided.changes) {
      overlay.change(key, row)
      bytes += key.length + (row?.length ?? 0)
      count += 1
    }
    outcomes.push({ kind: 'done', result: outcome.decided.result })
  }
  return { outcomes, changes: overlay.seal() }
}

type Run =
  | { readonly kind: 'decided'; readonly decided: Decided<unknown> }
  | Extract<Outcome, { readonly kind: 'failed' }>

function* decide(view: KeyValueView, decision: Decision<unknown>): Steps<Run> {
  try {
    const made = decision(view)
    const decided = isSteps(made) ? yield* made : made
    for (const [key, row] of decided.changes) {
      assert(key.length >= 1 && key.length <= keyBytesMax, 'length of a key')
      assert(row === undefined || row.length <= valueBytesMax, 'length of a value')
    }
    return { kind: 'decided', decided }
  } catch (error) {
    return { kind: 'failed', error }
  }
}
