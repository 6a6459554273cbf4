// From what flags, variables and file say to one validated, frozen configuration. Pure: whoever calls has read the world. A flag counts
// over a variable, a variable over the file, the file over the default. A name that is no option is an error that names it and
// the nearest one; so is a value that is none, wherever it was written, unless it is not asked for: a file may serve several roles.

import { resolve as resolvePath } from 'node:path'

import { FrostError } from '../../base/errors.ts'
import { columnCount } from '../../base/scheme.ts'
import type { Scheme } from '../../base/scheme.ts'
import { nearest } from './nearest.ts'
import { defaultText, variableOf } from './option.ts'
import type { AnyOption, ConfigOf, Role, Source } from './option.ts'
import { options } from './options.ts'
import { formatSize } from './units.ts'

/** What was given in one place. */
export interface Given {
  readonly source: Source
  /** By the option's name. */
  readonly values: ReadonlyMap<string, GivenValue>
  /** Absolute; what relative paths are meant from. */
  readonly directory: string
}

export interface GivenValue {
  readonly text: string
  /** How an error names the place: `--data`, `FROSTBYTE_DATA`, `data in frostbyte.yaml:3`. */
  readonly place: string
}

type Options = typeof options

/**
 * `given` in order of precedence, what counts most first; `directory` is where defaults that are relative paths are meant from.
 * @throws FrostError `config-invalid`.
 */
export function resolveConfig<R extends Role>(
  role: R,
  given: readonly Given[],
  directory: string,
): ConfigOf<Options, R> {
  const entries = Object.entries(options)
    .filter(([, option]) => option.roles.some((reader) => reader === role))
    .map(([key, option]) => [key, valueOf(option, role, { given, directory })] as const)
  const values: Readonly<Record<string, unknown>> = Object.freeze(Object.fromEntries(entries))
  checkTogether(role, values, given)
  return values as ConfigOf<Options, R>
}

function valueOf(
  option: AnyOption,
  role: Role,
  from: { readonly given: readonly Given[]; readonly directory: string },
): unknown {
  for (const { values, directory } of from.given) {
    const found = values.get(option.name)
    if (found !== undefined) return parseValue(option, found, directory)
  }
  const text = defaultText(option, role)
  return text === undefined ? undefined : parseValue(option, { text, place: option.name }, from.directory)
}

function parseValue(option: AnyOption, { text, place }: GivenValue, directory: string): unknown {
  const { kind } = option
  const value = kind.parse(text)
  if (value === undefined) {
    const shown = kind.isSecret === true ? 'what was given' : JSON.stringify(text.slice(0, 200))
    throw new FrostError('config-invalid', `${place}: ${shown} must be ${kind.expects}.`, {
      remedy: kind.hint?.(text) ?? `Correct it, or leave it out${whatThen(option)}.`,
    })
  }
  return kind.isPath === true && typeof value === 'string' ? resolvePath(directory, value) : value
}

function whatThen({ absence }: AnyOption): string {
  return absence.kind === 'value' ? ` for ${absence.text}` : ''
}

/** What one option alone cannot say. */
function checkTogether(role: Role, values: Readonly<Record<string, unknown>>, given: readonly Given[]): void {
  if (role === 'up') checkWorkers(values as WorkersAndScheme, given)
  if (role === 'up' || role === 'master') checkRepairRates(values as RepairRates, given)
  if (role === 'master' || role === 'worker') checkAddress(values as Addresses, given)
  if (role === 'worker' && values['secretFile'] === undefined && values['secret'] === undefined) {
    throw new FrostError('config-invalid', 'secret-file: a worker needs the secret of its cluster.', {
      remedy: 'Copy the file `secret` from the master’s data directory, and name it with --secret-file.',
    })
  }
}

type WorkersAndScheme = {
  readonly workers: number
  readonly scheme: Scheme
}

function checkWorkers({ workers, scheme }: WorkersAndScheme, given: readonly Given[]): void {
  const needed = columnCount(scheme)
  if (workers >= needed) return
  const text = `${scheme.dataColumns}+${scheme.parityColumns}`
  const place = placeOf('workers', given)
  throw new FrostError('config-invalid', `${place ?? 'workers'}: ${workers} workers cannot hold the scheme ${text}.`, {
    remedy: `Ask for at least ${needed} workers, or for another scheme.`,
  })
}

type Addresses = {
  readonly host: string
  readonly advertisedAddress: string | undefined
  /** Of a master only: where it is alone, workers find it at the address that they were given. */
  readonly metadataUrl?: string | undefined
  /** Of a worker only. */
  readonly masters?: readonly string[]
}

/** Other nodes would dial themselves. */
function checkAddress({ host, advertisedAddress, metadataUrl, masters }: Addresses, given: readonly Given[]): void {
  const isEverywhere = host === '0.0.0.0' || host === '::'
  const isDialled = metadataUrl !== undefined || masters !== undefined
  if (!isEverywhere || !isDialled || advertisedAddress !== undefined) return
  const place = placeOf('host', given) ?? 'host'
  throw new FrostError('config-invalid', `${place}: ${host} is no address that other nodes could dial.`, {
    remedy: 'Say with --advertise at which they reach this one, as in 10.0.0.7:7001.',
  })
}

type RepairRates = {
  readonly repairBytesPerSecondMin: number
  readonly repairBytesPerSecondMax: number
}

function checkRepairRates(rates: RepairRates, given: readonly Given[]): void {
  const { repairBytesPerSecondMin: min, repairBytesPerSecondMax: max } = rates
  if (min <= max) return
  const place = placeOf('repair-rate-min', given) ?? placeOf('repair-rate-max', given) ?? 'repair-rate-min'
  throw new FrostError(
    'config-invalid',
    `${place}: repair-rate-min, ${formatSize(min)}, is above repair-rate-max, ${formatSize(max)}.`,
    { remedy: 'Lower repair-rate-min, or raise repair-rate-max.' },
  )
}

/** Where the value that counts was written. */
function placeOf(name: string, given: readonly Given[]): string | undefined {
  return given.map(({ values }) => values.get(name)?.place).find((found) => found !== undefined)
}

/** Holds a name to the table. @throws FrostError `config-invalid`. */
export function findOption(name: string, source: Source, place: string): AnyOption {
  const known = Object.values<AnyOption>(options)
  const option = known.find((candidate) => candidate.name === name)
  const readable = known.filter((candidate) => candidate.sources.includes(source) && !candidate.isHidden)
  if (option !== undefined && option.sources.includes(source)) return option
  if (option !== undefined) {
    throw new FrostError('config-invalid', `${place} is not read here.`, {
      remedy: option.sources.includes('variable') ? `Set ${variableOf(option)}.` : `Give it as --${option.name}.`,
    })
  }
  const meant = nearest(
    name,
    readable.map((candidate) => candidate.name),
  )
  throw new FrostError('config-invalid', `${place} is no option.`, {
    remedy:
      meant === undefined
        ? 'Look at docs/reference/config.md, or at --help.'
        : `Did you mean ${nameFor(meant, source, known)}?`,
  })
}

function nameFor(name: string, source: Source, known: readonly AnyOption[]): string {
  const option = known.find((candidate) => candidate.name === name)
  if (source === 'flag') return `--${name}`
  return source === 'variable' && option !== undefined ? variableOf(option) : name
}
