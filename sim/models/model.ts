// A model: a protocol with rules that can be switched off. With all rules on, nothing may go wrong; with a rule switched off, the
// explorer must find what the rule is there for. A rule whose absence nobody notices is either not needed or not modelled.

import { explore } from './explorer.ts'
import type { Exploration, Protocol } from './explorer.ts'

/** By name, what each rule says in a few words. */
type Rules<R extends string> = Readonly<Record<R, string>>

/** Whether a rule is on. */
export type Switches<R extends string> = (rule: R) => boolean

export interface Variant {
  readonly name: string
  /** The rules whose absence is noticed here. */
  readonly shows: readonly string[]
  /** With all rules on, but for one. @throws Error when there are more states than the bound. */
  readonly explore: (off?: string) => Exploration
}

export interface Model {
  readonly name: string
  readonly rules: Rules<string>
  /** The same protocol under other circumstances. */
  readonly variants: readonly Variant[]
}

export interface Circumstances<R extends string, S extends object> {
  readonly name: string
  readonly shows: readonly R[]
  /** More states are an error. */
  readonly statesMax: number
  readonly build: (on: Switches<R>) => Protocol<S>
}

/** `rules`: those that the protocol asks for. */
export function defineVariant<R extends string, S extends object>(
  rules: Rules<R>,
  { name, shows, statesMax, build }: Circumstances<NoInfer<R>, S>,
): Variant {
  return {
    name,
    shows,
    explore: (off) => {
      if (off !== undefined && !Object.hasOwn(rules, off)) throw new Error(`no such rule: ${off}`)
      return explore(
        build((rule) => rule !== off),
        { statesMax },
      )
    },
  }
}

/** What came of one exploration. */
export interface Finding {
  readonly variant: string
  /** The rule that was off; `undefined`: all were on. */
  readonly off: string | undefined
  readonly exploration: Exploration
  /** Nothing went wrong with all rules on, or what had to be noticed was. */
  readonly isGood: boolean
}

/** Explores every variant with all rules on, then each rule's absence where it shows. */
export function* judge(model: Model): Generator<Finding> {
  for (const { name, explore: run } of model.variants) {
    const exploration = run()
    yield { variant: name, off: undefined, exploration, isGood: exploration.violation === undefined }
  }
  for (const { name, shows, explore: run } of model.variants) {
    for (const off of shows) {
      const exploration = run(off)
      yield { variant: name, off, exploration, isGood: exploration.violation !== undefined }
    }
  }
}

/** Rules whose absence no variant shows. */
export function listUnshown({ rules, variants }: Model): readonly string[] {
  return Object.keys(rules).filter((rule) => !variants.some(({ shows }) => shows.includes(rule)))
}
