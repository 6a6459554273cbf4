// What an option is, and the types that follow from a table of them.

import type { Kind } from './kinds.ts'

/** Who reads the option: one of the servers' commands, `migrate-metadata`, or `client`, all the others. */
export type Role = 'up' | 'master' | 'worker' | 'migrate' | 'client'

export const roles: readonly Role[] = ['up', 'master', 'worker', 'migrate', 'client']

/** Where a value can come from, besides the default. */
export type Source = 'flag' | 'variable' | 'file'

/** As the program that reads, writes or describes options sees any of them. */
export interface AnyOption {
  /** The flag without its dashes, and the key in the file. */
  readonly name: string
  /** A second name of the flag. */
  readonly alias: string | undefined
  readonly kind: Kind<unknown>
  readonly roles: readonly Role[]
  readonly summary: string
  /** What applies where nothing is given: a value as text, for all roles or for each, or words. */
  readonly absence: Absence
  readonly sources: readonly Source[]
  /** Between processes of one node; not for people. */
  readonly isHidden: boolean
}

export type Absence =
  | { readonly kind: 'value'; readonly text: string; readonly byRole: Partial<Readonly<Record<Role, string>>> }
  | { readonly kind: 'none'; readonly meaning: string }

declare const valueOf: unique symbol

/** An option of which the compiler knows who reads it, and what its value is. */
export interface Option<R extends Role, V> extends AnyOption {
  readonly roles: readonly R[]
  readonly [valueOf]?: V
}

export type OptionTable = Readonly<Record<string, AnyOption>>

/** The validated configuration of one role. */
export type ConfigOf<Table extends OptionTable, R extends Role> = {
  readonly [
    Key in keyof Table as Table[Key] extends Option<infer Readers, unknown> ? (R extends Readers ? Key : never) : never
  ]: Table[Key] extends Option<Role, infer Value> ? Value : never
}

interface Definition<R extends Role, T> {
  readonly name: string
  readonly kind: Kind<T>
  readonly roles: readonly R[]
  readonly summary: string
  readonly alias?: string
  readonly sources?: readonly Source[]
  readonly isHidden?: boolean
}

/** An option that always has a value. `byRole`: defaults of roles for which it is another. */
export function option<const R extends Role, T>(
  definition: Definition<R, T> & { readonly default: string; readonly byRole?: Partial<Readonly<Record<R, string>>> },
): Option<R, T> {
  return {
    ...complete(definition),
    absence: { kind: 'value', text: definition.default, byRole: definition.byRole ?? {} },
  }
}

/** An option that may have no value; `absence` says what then applies. */
export function optional<const R extends Role, T>(
  definition: Definition<R, T> & { readonly absence: string },
): Option<R, T | undefined> {
  return { ...complete(definition), absence: { kind: 'none', meaning: definition.absence } }
}

function complete<R extends Role, T>(
  definition: Definition<R, T>,
): Omit<AnyOption, 'absence' | 'roles'> & { readonly roles: readonly R[] } {
  return {
    name: definition.name,
    alias: definition.alias,
    kind: definition.kind,
    roles: definition.roles,
    summary: definition.summary,
    sources: definition.sources ?? ['flag', 'variable', 'file'],
    isHidden: definition.isHidden ?? false,
  }
}

/** The default of a role, as text. */
export function defaultText(of: AnyOption, role: Role): string | undefined {
  return of.absence.kind === 'value' ? (of.absence.byRole[role] ?? of.absence.text) : undefined
}

export function variableOf(of: AnyOption): string {
  return `FROSTBYTE_${of.name.replaceAll('-', '_').toUpperCase()}`
}
