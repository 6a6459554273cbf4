// A model: a protocol with rules that can be switched off. With all rules on, nothing may go wrong; with a rule switched off, the
// explorer must find what the rule is there for. A rule whose absence nobody notices is either not needed or not modelled.
//
// A second line of defence is noticed only when the first one is gone too. Such a rule names the one that it backs, and an
// invariant that holds with either of them and breaks without both.

import { explore } from './explorer.ts'
import type { Exploration, Protocol } from './explorer.ts'

export interface Rule {
  /** What the rule says, in a few words. */
  readonly says: string
  /** A second line of defence: of which rule, and for which invariant. */
  readonly backs?: { readonly rule: string; readonly invariant: string }
}

/** Whether a rule is on. */
export type Switches<R extends string> = (rule: R) => boolean

export interface Variant {
  readonly name: string
  /** The rules that it knows of. */
  readonly about: readonly string[]
  explore(off: readonly string[], only?: string): Exploration
}

export interface Model {
  readonly name: string
  readonly rules: Readonly<Record<string, Rule>>
  /** Of the same protocol under other circumstances. A rule's absence must be noticed in one of them at least. */
  readonly variants: readonly Variant[]
}

export interface Circumstances<R extends string, S> {
  readonly name: string
  /** More states are an error. */
  readonly statesMax: number
  readonly build: (on: Switches<R>) => Protocol<S>
}

export function defineVariant<R extends string, S>(
  rules: Readonly<Record<R, Rule>>,
  { name, statesMax, build }: Circumstances<R, S>,
): Variant {
  return {
    name,
    about: Object.keys(rules),
    explore: (off, only) => {
      const unknown = off.filter((rule) => !Object.hasOwn(rules, rule))
      if (unknown.length > 0) throw new Error(`no such rule: ${unknown.join(', ')}`)
      const protocol = build((rule) => !off.includes(rule))
      return explore(protocol, { statesMax, ...(only === undefined ? {} : { only }) })
    },
  }
}
