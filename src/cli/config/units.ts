// Sizes and durations as people write them. Strict, because a wrong guess is a wrong limit: `10MB` could mean two things and `30`
// nothing, so both are refused with what to write instead.

import { GIB, HOUR_MS, KIB, MIB, MINUTE_MS, SECOND_MS } from '../../base/units.ts'

type Units = ReadonlyMap<string, number>

const sizeUnits: Units = new Map([
  ['B', 1],
  ['KiB', KIB],
  ['MiB', MIB],
  ['GiB', GIB],
  ['TiB', 1024 * GIB],
])

const durationUnits: Units = new Map([
  ['ms', 1],
  ['s', SECOND_MS],
  ['m', MINUTE_MS],
  ['h', HOUR_MS],
])

/** Bytes; a number without a unit is bytes. `undefined`: not a size. */
export function parseSize(text: string): number | undefined {
  return parseQuantity(/^\d+$/.test(text) ? `${text}B` : text, sizeUnits)
}

/** Milliseconds; the unit is a part of it. `undefined`: not a duration. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, durationUnits)
}

/** In the largest unit that keeps it whole. */
export function formatSize(bytes: number): string {
  return formatQuantity(bytes, sizeUnits)
}

/** In the largest unit that keeps it whole. */
export function formatDuration(milliseconds: number): string {
  return formatQuantity(milliseconds, durationUnits)
}

/** What was probably meant by something that is no size. */
export function hintOfSize(text: string): string | undefined {
  const [, number, letter] = /^(\d+) ?([kmgt])(?:i?b)?$/i.exec(text) ?? []
  if (number === undefined || letter === undefined) return undefined
  return `Write ${number}${letter.toUpperCase()}iB, which counts in powers of 1,024.`
}

export function hintOfDuration(text: string): string | undefined {
  if (/^\d+$/.test(text)) return `Write the unit too, as in ${text}s.`
  const [, number, unit] = /^(\d+) ?(sec|second|min|minute|hour|hr)s?$/i.exec(text) ?? []
  return number === undefined || unit === undefined ? undefined : `Write ${number}${unit.charAt(0).toLowerCase()}.`
}

function parseQuantity(text: string, units: Units): number | undefined {
  const [, number, unit = ''] = /^(\d{1,15})([A-Za-z]+)$/.exec(text) ?? []
  const factor = units.get(unit)
  const value = number === undefined || factor === undefined ? Number.NaN : Number(number) * factor
  return Number.isSafeInteger(value) ? value : undefined
}

function formatQuantity(value: number, units: Units): string {
  let text = ''
  for (const [unit, factor] of units) {
    if (value % factor === 0 && (value >= factor || text === '')) text = `${value / factor}${unit}`
  }
  return text
}
