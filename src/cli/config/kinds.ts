// What values an option can have: how they are read, written and described. Reading is strict, and total: any text gives a value or
// `undefined`, and never throws.

import { isIP } from 'node:net'

import { columnsMax } from '../../base/scheme.ts'
import type { Scheme } from '../../base/scheme.ts'
import { formatDuration, formatSize, hintOfDuration, hintOfSize, parseDuration, parseSize } from './units.ts'

export interface Kind<T> {
  /** Stands for the value in help: `--workers <n>`. Absent for a switch, which takes none. */
  readonly placeholder: string | undefined
  /** Completes "must be …". */
  readonly expects: string
  /** `undefined`: not a value of this kind. */
  parse(text: string): T | undefined
  /** What `parse` reads back. */
  format(value: T): string
  /** What was probably meant by a text that is no value. */
  hint?(text: string): string | undefined
  /** A relative one is meant from where it was written: the current directory, or that of the configuration file. */
  readonly isPath?: boolean
  /** Never shown, not even in an error. */
  readonly isSecret?: boolean
}

interface Bounds {
  readonly min: number
  readonly max: number
}

export function wholeNumber({ min, max }: Bounds): Kind<number> {
  return {
    placeholder: 'n',
    expects: `a whole number from ${thousands(min)} to ${thousands(max)}`,
    parse: (text) => within(/^\d{1,15}$/.test(text) ? Number(text) : undefined, { min, max }),
    format: String,
  }
}

/** In bytes. */
export function size({ min, max }: Bounds): Kind<number> {
  return {
    placeholder: 'size',
    expects: `a size from ${formatSize(min)} to ${formatSize(max)}`,
    parse: (text) => within(parseSize(text), { min, max }),
    format: formatSize,
    hint: hintOfSize,
  }
}

/** In milliseconds. */
export function duration({ min, max }: Bounds): Kind<number> {
  return {
    placeholder: 'time',
    expects: `a time from ${formatDuration(min)} to ${formatDuration(max)}`,
    parse: (text) => within(parseDuration(text), { min, max }),
    format: formatDuration,
    hint: hintOfDuration,
  }
}

export function port(options: { readonly orAny: boolean }): Kind<number> {
  const number = wholeNumber({ min: options.orAny ? 0 : 1, max: 65_535 })
  return {
    ...number,
    placeholder: 'port',
    expects: options.orAny ? `${number.expects}; 0 takes a free one` : number.expects,
  }
}

/** A port, or none at all. */
export const portOrOff: Kind<number | 'off'> = {
  placeholder: 'port',
  expects: `${port({ orAny: true }).expects}; off has none`,
  parse: (text) => (text === 'off' ? 'off' : port({ orAny: true }).parse(text)),
  format: String,
}

export function choice<const T extends string>(values: readonly T[]): Kind<T> {
  return {
    placeholder: 'name',
    expects: `one of ${values.join(', ')}`,
    parse: (text) => values.find((value) => value === text),
    format: (value) => value,
  }
}

/** On where it is named; `true` or `false` in a file or variable. */
export const onOff: Kind<boolean> = {
  placeholder: undefined,
  expects: 'true or false',
  parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  format: String,
}

export const path: Kind<string> = {
  placeholder: 'path',
  expects: 'a path',
  parse: (text) => (text === '' || text.includes('\0') ? undefined : text),
  format: (value) => value,
  isPath: true,
}

/** A text of visible characters. */
export function word(options: {
  readonly placeholder: string
  readonly expects: string
  readonly pattern: RegExp
}): Kind<string> {
  const { placeholder, expects, pattern } = options
  return { placeholder, expects, parse: (text) => (pattern.test(text) ? text : undefined), format: (value) => value }
}

export function secret(options: { readonly expects: string; readonly pattern: RegExp }): Kind<string> {
  return { ...word({ ...options, placeholder: 'text' }), isSecret: true }
}

/** An IP address or a host name. */
export const host: Kind<string> = word({
  placeholder: 'host',
  expects: 'an IP address or a host name',
  pattern: /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45})$/,
})

/** `host:port`; an IPv6 address in brackets. */
export const hostAndPort: Kind<string> = {
  placeholder: 'host:port',
  expects: 'a host and a port, as in 10.0.0.1:7000',
  parse: (text) => {
    const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? []
    const isHost =
      bracketed === undefined
        ? host.parse(plain ?? '') !== undefined
        : bracketed.includes(':') && host.parse(bracketed) !== undefined
    return isHost && Number(digits) <= 65_535 ? text : undefined
  },
  format: (value) => value,
}

/** An IP address, or a network. */
export const network: Kind<string> = {
  placeholder: 'network',
  expects: 'an IP address, or a network as 10.0.0.0/8',
  parse: (text) => {
    const [, address = '', prefix] = /^([0-9A-Fa-f:.]{2,45})(?:\/(\d{1,3}))?$/.exec(text) ?? []
    const version = isIP(address)
    return version !== 0 && Number(prefix ?? 0) <= (version === 6 ? 128 : 32) ? text : undefined
  },
  format: (value) => value,
}

/** Joined by commas; in a file a list too. */
export function list<T>(of: Kind<T>, options: { readonly max: number }): Kind<readonly T[]> {
  return {
    placeholder: `${of.placeholder ?? ''},…`,
    expects: `1 to ${options.max} of these, joined by commas: ${of.expects}`,
    parse: (text) => {
      const values = text.split(',').map((part) => of.parse(part.trim()))
      const known = values.filter((value) => value !== undefined)
      return known.length === values.length && known.length <= options.max ? known : undefined
    },
    format: (values) => values.map((value) => of.format(value)).join(','),
    ...(of.isSecret === true ? { isSecret: true } : {}),
  }
}

export const scheme: Kind<Scheme> = {
  placeholder: 'k+m',
  expects: `data and parity columns as in 3+2, each at least 1, together at most ${columnsMax}`,
  parse: (text) => {
    const [, data, parity] = /^([1-9]\d?)\+([1-9]\d?)$/.exec(text) ?? []
    const value = { dataColumns: Number(data), parityColumns: Number(parity) }
    return value.dataColumns + value.parityColumns <= columnsMax ? value : undefined
  },
  format: ({ dataColumns, parityColumns }) => `${dataColumns}+${parityColumns}`,
}

function within(value: number | undefined, { min, max }: Bounds): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined
}

function thousands(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',') // toLocaleString costs 5 MiB of memory for the languages of the world.
}
