// Faults planted from outside, for tests with real processes: the setting `FROSTBYTE_FAULTS`, a list of names with a delay
// where the fault is one: `disk.skip-sync,disk.slow=200`. Empty in production.

import { FrostError } from '../base/errors.ts'
import type { FaultName, Faults } from '../ports/faults.ts'

/** How a fault is written: by its name, or with milliseconds. */
const kinds: Readonly<Record<FaultName, 'switch' | 'delay'>> = {
  'disk.skip-sync': 'switch',
  'disk.skip-directory-sync': 'switch',
  'disk.slow': 'delay',
  'disk.full': 'switch',
}

const delayMaxMs = 600_000

export class NodeFaults implements Faults {
  readonly #planted: ReadonlyMap<FaultName, number>

  /** @throws FrostError `config-invalid`. */
  constructor(setting = '') {
    this.#planted = parse(setting)
  }

  has(name: FaultName): boolean {
    return this.#planted.size > 0 && this.#planted.has(name)
  }

  delayMs(name: FaultName): number {
    return this.#planted.size === 0 ? 0 : (this.#planted.get(name) ?? 0)
  }
}

function parse(setting: string): ReadonlyMap<FaultName, number> {
  const planted = new Map<FaultName, number>()
  for (const part of setting.split(',')) {
    const [name = '', value] = part.trim().split('=', 2)
    if (name === '') continue
    if (!isFaultName(name)) throw invalid(`there is no fault "${name}"; there are ${Object.keys(kinds).join(', ')}`)
    planted.set(name, kinds[name] === 'switch' ? parseSwitch(name, value) : parseDelay(name, value))
  }
  return planted
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(kinds, name)
}

function parseSwitch(name: string, value: string | undefined): number {
  if (value !== undefined) throw invalid(`"${name}" takes no value`)
  return 0
}

function parseDelay(name: string, value: string | undefined): number {
  const delayMs = Number(value ?? Number.NaN)
  if (Number.isInteger(delayMs) && delayMs >= 1 && delayMs <= delayMaxMs) return delayMs
  throw invalid(`"${name}" takes milliseconds from 1 to ${delayMaxMs}, as in "${name}=200"`)
}

function invalid(what: string): FrostError {
  return new FrostError('config-invalid', `The setting FROSTBYTE_FAULTS is wrong: ${what}.`)
}
