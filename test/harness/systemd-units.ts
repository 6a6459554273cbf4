// deploy/systemd as data: the units' settings, and the files below /etc/frostbyte that they read.

import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export const unitFolder = fileURLToPath(new URL('../../deploy/systemd/', import.meta.url))
export const etcFolder = `${unitFolder}etc/`

/** Values by `Section.Name`; one that stands several times has several. */
export type Unit = ReadonlyMap<string, readonly string[]>

export async function listUnits(): Promise<readonly string[]> {
  return (await readdir(unitFolder)).filter((name) => name.endsWith('.service')).toSorted()
}

/** `%i` becomes `instance`. */
export async function readUnit(name: string, instance: string): Promise<Unit> {
  const unit = new Map<string, string[]>()
  let section = ''
  for (const line of (await readFile(unitFolder + name, 'utf8')).split('\n')) {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) continue
    const heading = /^\[(\w+)\]$/.exec(text)?.[1]
    const [, setting, value] = /^(\w+)=(.*)$/.exec(text) ?? []
    if (heading !== undefined) section = heading
    else if (setting === undefined || value === undefined) throw new Error(`${name}: ${text}`)
    else
      unit.set(`${section}.${setting}`, [
        ...(unit.get(`${section}.${setting}`) ?? []),
        value.replaceAll('%i', instance),
      ])
  }
  return unit
}

/** Lines `NAME=value` of an environment file; those behind `#` too where they look like one. */
export async function readEnvironmentFile(path: string): Promise<Readonly<Record<string, string>>> {
  const variables: Record<string, string> = {}
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    const [, name, value] = /^#?([A-Z_]+)=(.*)$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) variables[name] = value
  }
  return variables
}
