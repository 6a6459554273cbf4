// What plain data must look like before it is taken for a row or a command: a table of its fields and their kinds, which the compiler
// holds to the type (no field missing, none too many, each of its kind). Data that was decoded becomes that type here and nowhere
// else. Fields that the table does not name are let through: a newer version may have added them. Not looked at: what is inside
// lists and objects, and whether an id is well-formed; the writer, of this program too, has parsed them.

type FieldKind = 'string' | 'number' | 'boolean' | 'bytes' | 'list' | 'object'

type KindOf<Value> = Value extends string
  ? 'string'
  : Value extends number
    ? 'number'
    : Value extends boolean
      ? 'boolean'
      : Value extends Uint8Array
        ? 'bytes'
        : Value extends readonly unknown[]
          ? 'list'
          : 'object'

/** The kind of each field; with a question mark where it may be absent or `undefined`. */
export type Fields<Row extends object> = {
  readonly [Name in keyof Row]-?: undefined extends Row[Name]
    ? `${KindOf<Exclude<Row[Name], undefined>>}?`
    : KindOf<Row[Name]>
}

/** A table whose type is known only when it runs. */
type AnyFields = Readonly<Record<string, FieldKind | `${FieldKind}?`>>

export function hasFields<Row extends object>(value: unknown, fields: Fields<Row>): value is Row {
  return fits(value, fields)
}

/** For callers that pick the table by a name: they say what type it stands for. */
export function fits(value: unknown, fields: AnyFields): boolean {
  return isObject(value) && Object.entries(fields).every(([name, kind]) => isOfKind(value[name], kind))
}

function isOfKind(value: unknown, kind: FieldKind | `${FieldKind}?`): boolean {
  if (value === undefined) return kind.endsWith('?')
  const found = kindOf(value)
  return kind === found || kind === `${found}?`
}

function kindOf(value: unknown): FieldKind | 'other' {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return 'number'
  if (typeof value === 'boolean') return 'boolean'
  if (value instanceof Uint8Array) return 'bytes'
  if (Array.isArray(value)) return 'list'
  return isObject(value) ? 'object' : 'other'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
