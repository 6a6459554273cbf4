// What clients asked and were told, in the order in which it happened: what the checkers go by. Moments are counted, not timed: of two
// things that happen at one virtual instant one is before the other.

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

  written(tag: Tag): Written | undefined {
    return this.#written.get(tag)
  }

  add(operation: Omit<Operation, 'returnedAt'>, outcome: 'told' | 'unknown'): void {
    this.operations.push({ ...operation, returnedAt: outcome === 'told' ? this.now() : Number.POSITIVE_INFINITY })
  }
}
