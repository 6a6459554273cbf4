// Times in documents: ISO 8601 in UTC, with milliseconds as AWS writes them (2026-01-31T12:00:00.000Z).

const pattern = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/

/** What ISO 8601 writes with a year of four digits. */
const firstMs = new Date('0000-01-01T00:00:00.000Z').getTime()
const lastWrittenMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

let lastMs = Number.NaN
let lastText = ''

/** `timeMs`: milliseconds since 1970. */
export function formatTimestamp(timeMs: number): string {
  if (timeMs !== lastMs) {
    lastText = new Date(timeMs).toISOString()
    lastMs = timeMs
  }
  return lastText
}

/** Milliseconds since 1970; `undefined` where it is not a time. Without a time of day: midnight UTC. Without a zone: UTC. */
export function parseTimestamp(text: string): number | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', fraction = '0', zone = 'Z'] = match
  const milliseconds = Math.floor(Number(`0.${fraction}`) * 1000)
  const midnight = new Date(0)
  midnight.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  // A day or a month that does not exist has moved to another one.
  if (midnight.getUTCDate() !== Number(day) || midnight.getUTCMonth() !== Number(month) - 1) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined
  const timeOfDayMs = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + milliseconds
  const timeMs = midnight.getTime() + timeOfDayMs - zoneMs(zone)
  return timeMs >= firstMs && timeMs <= lastWrittenMs ? timeMs : undefined
}

function zoneMs(zone: string): number {
  if (zone === 'Z') return 0
  const digits = zone.replace(':', '')
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}
