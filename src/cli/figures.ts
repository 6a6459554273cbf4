// Figures for people: three digits are enough to compare by.

const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `812 B`, `9.77 KiB`, `1.50 GiB`. */
export function describeBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < sizeUnits.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${sizeUnits[unit] ?? ''}`
}

/** `0:07`, `12:30`, `3:05:00`; a day and more in days. */
export function describeTimeLeft(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  if (!Number.isFinite(whole) || whole >= 100 * 86_400) return 'very long'
  if (whole >= 86_400) return `${(whole / 86_400).toFixed(1)} days`
  const pad = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`
}

/** `12 s ago`, `3 min ago`, `5 h ago`, `2 days ago`. */
export function describeAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 120) return `${seconds} s ago`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} days ago`
}
