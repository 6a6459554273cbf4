// What clients asked and were told, in the order in which it happened: what the checkers go by. Moments are counted, not timed: of two
// things that happen at one virtual instant one is before the other.

import type { SeededRandom } from '../src/base/random.ts'

/** Names one write; it travels as the content type, so whoever sees a version knows whose it is. */
export type Tag = string

export type Effect =
  /** Makes `tag` the newest, where the condition held. */
  | { readonly kind: 'write'; readonly tag: Tag; readonly condition?: Condition }
  /** `found`: what was removed, or that nothing was; absent: nobody was told. */
  | {
      readonly kind: 'delete'
      readonly found?: Tag | undefined
      readonly isTold: boolean
      readonly condition?: Condition
    }
  /** What was there. */
  | { readonly kind: 'read'; readonly seen: Tag | undefined }
  /** Somebody was told that the condition did not hold. */
  | { readonly kind: 'refusal'; readonly condition: Condition }

export type Condition = { readonly kind: 'if-absent' } | { readonly kind: 'if-version'; readonly tag: Tag }

export interface Operation {
  readonly key: string
  readonly effect: Effect
  readonly invokedAt: number
  /** Infinity: nobody knows whether and when it took effect. */
  readonly returnedAt: number
  /** For people. */
  readonly text: string
}

export interface Written {
  readonly tag: Tag
  readonly key: string
  readonly bytes: Uint8Array
}

export class History {
  readonly operations: Operation[] = []
  /** Versions that were removed for good, or may have been. */
  readonly removed = new Map<Tag, 'told' | 'maybe'>()
  readonly #written = new Map<Tag, Written>()
  #moments = 0

  /** The next moment. */
  now(): number {
    return ++this.#moments
  }

  newTag(key: string, bytes: Uint8Array): Tag {
    const tag = `w${this.#written.size + 1}`
    this.#written.set(tag, { tag, key, bytes })
    return tag
  }

  /** A version that a later write was acknowledged above, and that nobody removed yet. */
  pickReplaced(random: SeededRandom): Tag | undefined {
    const last = new Map<string, Operation>()
    const told = this.operations.filter(
      ({ effect, returnedAt }) => effect.kind === 'write' && returnedAt !== Number.POSITIVE_INFINITY,
    )
    for (const operation of told) {
      const known = last.get(operation.key)
      if (known === undefined || operation.invokedAt > known.invokedAt) last.set(operation.key, operation)
    }
    const replaced = told.flatMap(({ key, effect, returnedAt }) => {
      const { invokedAt = 0 } = last.get(key) ?? {}
      return effect.kind === 'write' && returnedAt < invokedAt && !this.removed.has(effect.tag) ? [effect.tag] : []
    })
    return replaced[random.below(Math.max(1, replaced.length))]
  }

  written(tag: Tag): Written | undefined {
    return this.#written.get(tag)
  }

  add(operation: Omit<Operation, 'returnedAt'>, outcome: 'told' | 'unknown'): void {
    this.operations.push({ ...operation, returnedAt: outcome === 'told' ? this.now() : Number.POSITIVE_INFINITY })
  }
}
