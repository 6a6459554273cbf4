// Metadata in the models: rows of plain data, and commands that read and write them in one transaction.
//
// Serially, a command is one step. Under snapshot isolation it is two: it begins, and from then on sees the rows as they were; it ends,
// and fails if a row that it writes was written by another command meanwhile, be it with the same value. What it only reads can have
// changed: that is the write skew which the rules have to stand.

export type Isolation = 'serial' | 'snapshot'

export interface Command<Name extends string, Rows> {
  readonly name: Name
  /** Under snapshot isolation, once it has begun. */
  readonly begun?: { readonly rows: Rows; readonly writtenByOthers: readonly string[] }
}

interface Decision<Rows> {
  /** The rows that it writes, with the same value perhaps. */
  readonly writes: Partial<Rows>
}

interface Database<C, Rows> {
  readonly rows: Rows
  readonly commands: readonly C[]
}

export interface CommandStep<C, Rows, D> {
  readonly what: 'begins' | 'conflicts, and is begun anew' | 'is done'
  readonly command: C
  readonly database: Database<C, Rows>
  /** With `is done`. */
  readonly decision?: D
}

/** The next step of each open command. */
export function commandSteps<
  Name extends string,
  Rows extends object,
  C extends Command<Name, Rows>,
  D extends Decision<Rows>,
>(
  { rows, commands }: Database<C, Rows>,
  isolation: Isolation,
  decide: (rows: Rows, command: C) => D,
): readonly CommandStep<C, Rows, D>[] {
  return commands.map((command, index): CommandStep<C, Rows, D> => {
    const others = commands.filter((_, other) => other !== index)
    const { begun } = command
    if (isolation === 'snapshot' && begun === undefined) {
      const started = { ...command, begun: { rows, writtenByOthers: [] } }
      return { what: 'begins', command, database: { rows, commands: commands.with(index, started) } }
    }
    const decision = decide(begun?.rows ?? rows, command)
    const written = Object.keys(decision.writes)
    if (begun !== undefined && written.some((row) => begun.writtenByOthers.includes(row))) {
      const anew = commands.map((each) => (each === command ? withoutBeginning(each) : each))
      return { what: 'conflicts, and is begun anew', command, database: { rows, commands: anew } }
    }
    const told = others.map((other) =>
      other.begun === undefined ? other : { ...other, begun: note(other.begun, written) },
    )
    return { what: 'is done', command, decision, database: { rows: { ...rows, ...decision.writes }, commands: told } }
  })
}

function withoutBeginning<C extends object>(command: C): C {
  const copy: C & { begun?: unknown } = { ...command }
  delete copy.begun
  return copy
}

function note<B extends { readonly writtenByOthers: readonly string[] }>(begun: B, written: readonly string[]): B {
  const all = new Set([...begun.writtenByOthers, ...written])
  return { ...begun, writtenByOthers: [...all].toSorted() }
}
