// Compiled policies by their text, so that a request costs no parsing. What a text means never changes: nothing here gets stale.

import { CompiledPolicy } from './compiled-policy.ts'
import { parsePolicy } from './parse-policy.ts'
import type { PolicyKind } from './parse-policy.ts'

/** Of each kind. A compiled policy takes about five times the room of its text, of at most 20 KiB. */
const entriesMax = 1_000

export class PolicyCache {
  /** The longest unused first. Texts are keys themselves: a text that is kept elsewhere is hashed once. */
  readonly #kinds = new Map<PolicyKind, Map<string, CompiledPolicy>>()

  /** @throws PolicyError: it is no policy of this kind. What is stored was checked when it was set. */
  get(text: string, kind: PolicyKind): CompiledPolicy {
    const compiled = this.#ofKind(kind)
    const known = compiled.get(text)
    const policy = known ?? new CompiledPolicy(parsePolicy(text, { kind }))
    if (known !== undefined) compiled.delete(text)
    const [oldest] = compiled.size >= entriesMax ? compiled.keys() : []
    if (oldest !== undefined) compiled.delete(oldest)
    compiled.set(text, policy)
    return policy
  }

  #ofKind(kind: PolicyKind): Map<string, CompiledPolicy> {
    const compiled = this.#kinds.get(kind) ?? new Map<string, CompiledPolicy>()
    this.#kinds.set(kind, compiled)
    return compiled
  }
}
