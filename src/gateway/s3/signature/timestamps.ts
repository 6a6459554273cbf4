// The two forms of time in Signature Version 4: `20130524T000000Z` in requests, `20130524` in scopes; and the date of a request
// in any form that clients write it.

import { parseHttpDate } from '../../http/http-date.ts'

const day = '([1-9][0-9]{3})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])'
const scopeDate = new RegExp(`^${day}$`)
const basic = new RegExp(`^${day}T([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9])Z$`)

/** Milliseconds since 1970; `undefined` where it is none. */
export function parseTimestamp(text: string): number | undefined {
  if (!basic.test(text)) return undefined
  const pair = (at: number): number => 10 * digitAt(text, at) + digitAt(text, at + 1)
  const dayOfMonth = pair(6)
  const timeMs = Date.UTC(100 * pair(0) + pair(2), pair(4) - 1, dayOfMonth, pair(9), pair(11), pair(13))
  // The 31st of a month that has none spills over into the next one.
  return new Date(timeMs).getUTCDate() === dayOfMonth ? timeMs : undefined
}

function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - 48
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
  return scopeDate.test(text)
}
