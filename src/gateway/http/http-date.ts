// HTTP dates (RFC 9110, section 5.6.7): written as IMF-fixdate, read in all three forms that a recipient must take.

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

let lastSeconds = Number.NaN
let lastText = ''

/** Fractions of the second are cut. */
export function formatHttpDate(timeMs: number): string {
  const seconds = Math.floor(timeMs / 1000)
  if (seconds !== lastSeconds) {
    lastSeconds = seconds
    lastText = new Date(seconds * 1000).toUTCString()
  }
  return lastText
}

const fixdate = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/
const rfc850 = /^[A-Z][a-z]{5,8}, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/
const asctime = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/

/** Milliseconds since 1970; `undefined` where it is not a date. `nowMs` decides the century of a year of two digits. */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  let match = fixdate.exec(text)
  if (match !== null) {
    const [, day = '', month = '', year = '', hour = '', minute = '', second = ''] = match
    return toTime(Number(year), month, [day, hour, minute, second])
  }
  match = rfc850.exec(text)
  if (match !== null) {
    const [, day = '', month = '', year = '', hour = '', minute = '', second = ''] = match
    return toTime(fullYear(Number(year), nowMs), month, [day, hour, minute, second])
  }
  match = asctime.exec(text)
  if (match === null) return undefined
  const [, month = '', day = '', hour = '', minute = '', second = '', year = ''] = match
  return toTime(Number(year), month, [day.trim(), hour, minute, second])
}

/** More than 50 years ahead means the century before. */
function fullYear(twoDigits: number, nowMs: number): number {
  const currentYear = new Date(nowMs).getUTCFullYear()
  const year = currentYear - (currentYear % 100) + twoDigits
  return year > currentYear + 50 ? year - 100 : year
}

function toTime(year: number, monthName: string, rest: readonly string[]): number | undefined {
  const month = months.indexOf(monthName)
  const [day = 0, hour = 0, minute = 0, second = 0] = rest.map(Number)
  // 60 is a leap second.
  if (month < 0 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined
  const midnight = new Date(0)
  midnight.setUTCFullYear(year, month, day)
  if (midnight.getUTCDate() !== day) return undefined
  return midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000
}
