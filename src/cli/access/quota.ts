// How quotas are written: a size, or `none`.

import { formatSize, hintOfSize, parseSize } from '../config/units.ts'
import { UsageError } from '../failure.ts'

/** In bytes; 0: none. @throws UsageError */
export function parseQuota(text: string): number {
  if (text === 'none') return 0
  const bytes = parseSize(text)
  if (bytes !== undefined && bytes > 0) return bytes
  throw new UsageError(`"${text}" is no quota.`, hintOfSize(text) ?? 'Give a size, as in 500GiB, or none for no limit.')
}

export function describeQuota(quotaBytes: number | undefined, usedBytes: number | undefined): string {
  const limit = quotaBytes === undefined ? 'no quota' : `a quota of ${formatSize(quotaBytes)}`
  return usedBytes === undefined ? limit : `${limit}, ${usedBytes} bytes used`
}
