import { parseDuration } from '../config/units.ts'
import { UsageError } from '../failure.ts'

/** A time from now on as `24h`, or a point in time as `2027-01-31T12:00:00Z`. @throws UsageError. */
export function parseExpiry(text: string | undefined, nowMs: number): Date | undefined {
  if (text === undefined) return undefined
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  const durationMs = parseDuration(days === undefined ? text : `${Number(days) * 24}h`)
  if (durationMs !== undefined && durationMs > 0) return new Date(nowMs + durationMs)
  const date = new Date(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/.test(text) ? text : Number.NaN)
  if (!Number.isNaN(date.getTime())) return date
  throw new UsageError(
    `--expires: "${text}" must be a time from now on, as 24h or 30d, or one as 2027-01-31T12:00:00Z.`,
  )
}
