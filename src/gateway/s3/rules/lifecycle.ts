// What the lifecycle rules of a bucket mean for one version, or for an unfinished upload. Pure: time and the length of a "day" come in, so
// that a test's day can be seconds long.
//
// Days count as with AWS: the moment of an action is the version's time plus the days, rounded up to the next midnight UTC (here: to the
// next full "day" since 1970). Where several rules apply, removing forever wins over a delete marker, and both over a transition; among
// expirations the earliest moment does.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html,
// .../lifecycle-expire-general-considerations.html, .../lifecycle-conflicts.html

import type { LifecycleConfiguration, LifecycleRule } from '../documents/lifecycle-configuration.ts'

export interface LifecycleVersion {
  readonly key: string
  /** 0 for a delete marker. */
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly tags: readonly { readonly key: string; readonly value: string }[]
  readonly isLatest: boolean
  readonly isDeleteMarker: boolean
  /** When the next newer version was made; absent for the latest. */
  readonly noncurrentSinceMs?: number | undefined
  /** How many noncurrent versions of the key are newer than this one. */
  readonly newerNoncurrentCount: number
  /** Whether the key has no other version. */
  readonly isOnlyVersion: boolean
}

export interface LifecycleTime {
  readonly nowMs: number
  /** 86,400,000, but for tests. */
  readonly dayMs: number
}

export interface LifecycleDue {
  /** The rule's. */
  readonly ruleId: string
  /** Since when, or from when on, milliseconds since 1970. */
  readonly dueMs: number
}

/**
 * `expire`: the latest version; with versioning it gets a delete marker, without it is removed. `remove`: this version (or delete
 * marker) goes forever. `transition`: it changes its storage class.
 */
export type LifecycleAction =
  | (LifecycleDue & { readonly kind: 'expire' })
  /** `newerNoncurrentMin`: of a noncurrent version, how many newer noncurrent ones the rule keeps before it. */
  | (LifecycleDue & { readonly kind: 'remove'; readonly newerNoncurrentMin?: number })
  | (LifecycleDue & { readonly kind: 'transition'; readonly storageClass: string })

/** What is due now, or `undefined`. */
export function decideLifecycle(
  { rules }: LifecycleConfiguration,
  version: LifecycleVersion,
  time: LifecycleTime,
): LifecycleAction | undefined {
  let best: LifecycleAction | undefined
  for (const rule of rules) {
    if (rule.status !== 'Enabled' || !applies(rule, version)) continue
    for (const action of actionsOf(rule, version, time.dayMs)) {
      if (action.dueMs <= time.nowMs && (best === undefined || goesBefore(action, best))) best = action
    }
  }
  return best
}

const ranks = { remove: 0, expire: 1, transition: 2 } as const

function goesBefore(action: LifecycleAction, other: LifecycleAction): boolean {
  const difference = ranks[action.kind] - ranks[other.kind]
  if (difference !== 0) return difference < 0
  // Of two transitions that are due, the later one says where the version is by now.
  return action.kind === 'transition' ? action.dueMs > other.dueMs : action.dueMs < other.dueMs
}

/**
 * When an unfinished upload is to be aborted, and by which rule; `undefined`: never. (The headers x-amz-abort-date and
 * x-amz-abort-rule-id say it.)
 */
export function abortOf(
  { rules }: LifecycleConfiguration,
  upload: { readonly key: string; readonly initiatedMs: number },
  dayMs: number,
): LifecycleDue | undefined {
  let best: LifecycleDue | undefined
  for (const rule of rules) {
    const days = rule.abortIncompleteMultipartUpload?.daysAfterInitiation
    if (rule.status !== 'Enabled' || days === undefined || !upload.key.startsWith(prefixOf(rule))) continue
    best = earlier(best, { ruleId: rule.id ?? '', dueMs: dayAfter(upload.initiatedMs, days, dayMs) })
  }
  return best
}

/** When the latest version will expire, for `x-amz-expiration`; `undefined`: by no rule. */
export function expirationOf(
  { rules }: LifecycleConfiguration,
  version: Pick<LifecycleVersion, 'key' | 'sizeBytes' | 'modifiedMs' | 'tags'>,
  dayMs: number,
): LifecycleDue | undefined {
  let best: LifecycleDue | undefined
  for (const rule of rules) {
    if (rule.status !== 'Enabled' || !applies(rule, { ...version, isDeleteMarker: false })) continue
    const dueMs = expiryMs(rule, version.modifiedMs, dayMs)
    if (dueMs !== undefined) best = earlier(best, { ruleId: rule.id ?? '', dueMs })
  }
  return best
}

function earlier(best: LifecycleDue | undefined, other: LifecycleDue): LifecycleDue {
  return best === undefined || other.dueMs < best.dueMs ? other : best
}

/** The last moment that a date can name: 2,147,483,647 days are more. */
const dateMaxMs = 8.64e15

/** The value of `x-amz-expiration`. */
export function formatExpiration({ ruleId, dueMs }: LifecycleDue): string {
  return `expiry-date="${new Date(Math.min(dueMs, dateMaxMs)).toUTCString()}", rule-id="${encodeURIComponent(ruleId.toWellFormed())}"`
}

function actionsOf(rule: LifecycleRule, version: LifecycleVersion, dayMs: number): readonly LifecycleAction[] {
  if (!version.isLatest) return noncurrentActions(rule, version, dayMs)
  if (version.isDeleteMarker) return expiredMarker(rule, version, dayMs)
  const ruleId = rule.id ?? ''
  const actions: LifecycleAction[] = []
  const dueMs = expiryMs(rule, version.modifiedMs, dayMs)
  if (dueMs !== undefined) actions.push({ kind: 'expire', ruleId, dueMs })
  for (const { days, dateMs, storageClass } of rule.transitions) {
    const movesMs = dateMs ?? dayAfter(version.modifiedMs, days ?? 0, dayMs)
    actions.push({ kind: 'transition', ruleId, dueMs: movesMs, storageClass })
  }
  return actions
}

/** A delete marker under which nothing is left. `Days` clears it too, once it is as old as that; a date does not. */
function expiredMarker(rule: LifecycleRule, version: LifecycleVersion, dayMs: number): readonly LifecycleAction[] {
  const { expiration } = rule
  if (!version.isOnlyVersion || expiration === undefined) return []
  const ruleId = rule.id ?? ''
  if (expiration.expiredObjectDeleteMarker === true) return [{ kind: 'remove', ruleId, dueMs: version.modifiedMs }]
  if (expiration.days === undefined) return []
  return [{ kind: 'remove', ruleId, dueMs: dayAfter(version.modifiedMs, expiration.days, dayMs) }]
}

function noncurrentActions(rule: LifecycleRule, version: LifecycleVersion, dayMs: number): readonly LifecycleAction[] {
  const { noncurrentSinceMs: sinceMs, newerNoncurrentCount: newer } = version
  if (sinceMs === undefined) return []
  const ruleId = rule.id ?? ''
  const actions: LifecycleAction[] = []
  const expiration = rule.noncurrentVersionExpiration
  const newerNoncurrentMin = expiration?.newerNoncurrentVersions ?? 0
  if (expiration?.noncurrentDays !== undefined && newer >= newerNoncurrentMin) {
    const dueMs = dayAfter(sinceMs, expiration.noncurrentDays, dayMs)
    actions.push({ kind: 'remove', ruleId, dueMs, newerNoncurrentMin })
  }
  if (version.isDeleteMarker) return actions
  for (const { noncurrentDays, newerNoncurrentVersions, storageClass } of rule.noncurrentVersionTransitions) {
    if (newer < (newerNoncurrentVersions ?? 0)) continue
    actions.push({ kind: 'transition', ruleId, dueMs: dayAfter(sinceMs, noncurrentDays, dayMs), storageClass })
  }
  return actions
}

function expiryMs({ expiration }: LifecycleRule, modifiedMs: number, dayMs: number): number | undefined {
  if (expiration?.dateMs !== undefined) return expiration.dateMs
  return expiration?.days === undefined ? undefined : dayAfter(modifiedMs, expiration.days, dayMs)
}

function dayAfter(fromMs: number, days: number, dayMs: number): number {
  return Math.ceil((fromMs + days * dayMs) / dayMs) * dayMs
}

function applies(
  rule: LifecycleRule,
  version: Pick<LifecycleVersion, 'key' | 'sizeBytes' | 'tags' | 'isDeleteMarker'>,
): boolean {
  if (!version.key.startsWith(prefixOf(rule))) return false
  const { filter } = rule
  if (filter === undefined) return true
  const { sizeGreaterThan, sizeLessThan } = filter.and ?? filter
  const wanted = filter.and?.tags ?? (filter.tag === undefined ? [] : [filter.tag])
  // A delete marker has neither size nor tags.
  if (version.isDeleteMarker) return wanted.length === 0 && sizeGreaterThan === undefined && sizeLessThan === undefined
  return (
    (sizeGreaterThan === undefined || version.sizeBytes > sizeGreaterThan) &&
    (sizeLessThan === undefined || version.sizeBytes < sizeLessThan) &&
    wanted.every((one) => version.tags.some((tag) => tag.key === one.key && tag.value === one.value))
  )
}

/** What the keys have in common that the rule is for. */
export function prefixOf({ prefix, filter }: LifecycleRule): string {
  return prefix ?? filter?.and?.prefix ?? filter?.prefix ?? ''
}
