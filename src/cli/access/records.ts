// How the commands about access print what they got: a line of columns each, or JSON with the names of the REST interface.

import { OutputWriter } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'

type Field = string | number | boolean | Date | undefined | readonly string[]
type AnyRecord = Readonly<Record<string, Field>>

/** Names that the client library has and the REST interface calls otherwise. */
const restNames: Readonly<Record<string, string>> = { expiresAt: 'expires', createdAt: 'created' }

export function toRecord<Row extends { readonly [Name in keyof Row]: Field }>(row: Row): AnyRecord {
  return Object.fromEntries(Object.entries<Field>(row).map(([name, value]) => [restNames[name] ?? name, value]))
}

/** All of them; `columns` names what stands in a line, `json` asks for one array. */
export async function printRecords(
  context: CommandContext,
  rows: readonly AnyRecord[],
  { columns, json }: { readonly columns: readonly string[]; readonly json: boolean },
): Promise<void> {
  const writer = new OutputWriter(context.environment)
  if (json) await writer.text(`${JSON.stringify(rows.map(withNulls))}\n`)
  else for (const row of rows) await writer.line(columns.map((name) => show(row[name])).join('  '))
  await writer.flush()
}

/** One: `sentence` for people, or the record as JSON. */
export async function printRecord(
  context: CommandContext,
  { record, sentence, json }: { readonly record: AnyRecord; readonly sentence: string; readonly json: boolean },
): Promise<void> {
  const writer = new OutputWriter(context.environment)
  await (json ? writer.text(`${JSON.stringify(withNulls(record))}\n`) : writer.line(sentence))
  await writer.flush()
}

function withNulls(record: AnyRecord): AnyRecord {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, value ?? null])) as AnyRecord
}

function show(value: Field): string {
  if (value === undefined) return '-'
  if (value instanceof Date) return value.toISOString().replace(/\.\d+/, '')
  return Array.isArray(value) ? value.join(',') : String(value)
}
