// The two forms of time in Signature Version 4: `20130524T000000Z` in requests, `20130524` in scopes; and the date of a request
// in any form that clients write it.

import { parseHttpDate } from '../../http/http-date.ts'

const basic = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/

/** Milliseconds since 1970; `undefined` where it is none. */
export function parseTimestamp(text: string): number | undefined {
  const match = basic.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  const timeMs = Date.UTC(year, month - 1, day, hour, minute, second)
  // Fields out of their range spill over into the next one.
  return formatTimestamp(timeMs) === text ? timeMs : undefined
}

/** A timestamp or an HTTP date, also with `+0000` in the place of `GMT`. */
export function parseRequestDate(text: string, nowMs: number): number | undefined {
  return parseTimestamp(text) ?? parseHttpDate(text.replace(/ [+-]0000$/, ' GMT'), nowMs)
}

export function formatTimestamp(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replaceAll(/[:-]/g, '')}Z`
}

/** With the fields as AWS writes times in errors: `2013-05-24T00:00:00Z`. */
export function formatErrorTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`
}

export function isScopeDate(text: string): boolean {
  return parseTimestamp(`${text}T000000Z`) !== undefined
}
