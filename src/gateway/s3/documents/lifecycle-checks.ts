// What AWS asks of lifecycle rules beyond the schema, with its codes and sentences.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html

import { S3Error } from '../s3-error.ts'
import { malformedXml } from '../xml/xml-reader.ts'
import type { LifecycleFilter, LifecycleRule } from './lifecycle-configuration.ts'
import { checkTags, objectTagsMax } from './tagging.ts'

const rulesMax = 1000
const idCharactersMax = 255
const newerVersionsMax = 100
const daysMax = 2 ** 31 - 1
const dayMs = 86_400_000

/** @throws S3Error `MalformedXML`, `InvalidArgument`, `InvalidRequest`. */
export function checkLifecycle(rules: readonly LifecycleRule[]): void {
  if (rules.length > rulesMax) throw malformedXml()
  const ids = new Set<string>()
  for (const rule of rules) {
    if (rule.id !== undefined && rule.id !== '') {
      if (rule.id.length > idCharactersMax) {
        throw argument(`ID length should not exceed allowed limit of ${idCharactersMax}`)
      }
      if (ids.has(rule.id)) throw argument('Rule ID must be unique. Found same ID for more than one rule')
      ids.add(rule.id)
    }
    checkScope(rule)
    checkActions(rule)
    checkDays(rule)
    checkOrder(rule)
  }
  checkForms(rules)
}

function checkForms(rules: readonly LifecycleRule[]): void {
  if (rules.some((rule) => rule.filter !== undefined) && rules.some((rule) => rule.prefix !== undefined)) {
    throw request('Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.')
  }
}

function checkScope({ filter, prefix }: LifecycleRule): void {
  if ((filter === undefined) === (prefix === undefined)) throw malformedXml()
  if (filter === undefined) return
  const { and } = filter
  const given = [filter.prefix, filter.tag, filter.sizeGreaterThan, filter.sizeLessThan, and]
  if (given.filter((predicate) => predicate !== undefined).length > 1) throw malformedXml()
  if (and !== undefined) {
    const joined = [and.prefix, and.sizeGreaterThan, and.sizeLessThan].filter((predicate) => predicate !== undefined)
    // One predicate stands in Filter itself.
    if (joined.length + and.tags.length < 2) throw malformedXml()
  }
  checkTags(tagsOf(filter), objectTagsMax)
  checkSizes(and ?? filter)
}

function checkSizes(sizes: { readonly sizeGreaterThan?: number; readonly sizeLessThan?: number }): void {
  const { sizeGreaterThan, sizeLessThan } = sizes
  if (sizeGreaterThan !== undefined && sizeGreaterThan < 0) {
    throw argument("'ObjectSizeGreaterThan' should be equal to or greater than 0")
  }
  if (sizeLessThan !== undefined && sizeLessThan < 1) throw argument("'ObjectSizeLessThan' should be greater than 0")
  if (sizeGreaterThan !== undefined && sizeLessThan !== undefined && sizeLessThan <= sizeGreaterThan) {
    throw request("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")
  }
}

function checkActions(rule: LifecycleRule): void {
  const { expiration, noncurrentVersionExpiration: noncurrent, abortIncompleteMultipartUpload: abort } = rule
  const count = rule.transitions.length + rule.noncurrentVersionTransitions.length
  if (expiration === undefined && noncurrent === undefined && abort === undefined && count === 0) {
    throw request('At least one action needs to be specified in a rule')
  }
  const hasTags = rule.filter !== undefined && tagsOf(rule.filter).length > 0
  const hasSizes = rule.filter !== undefined && hasSize(rule.filter)
  if (expiration !== undefined) {
    const { days, dateMs, expiredObjectDeleteMarker: marker } = expiration
    if (days === undefined && dateMs === undefined && marker === undefined) throw malformedXml()
    if (days !== undefined && dateMs !== undefined) throw malformedXml()
    if (marker === true && (days !== undefined || dateMs !== undefined)) throw malformedXml()
    if (marker !== undefined && hasTags) throw request('ExpiredObjectDeleteMarker cannot be specified with Tags.')
  }
  if (abort !== undefined && hasTags) throw request('AbortIncompleteMultipartUpload cannot be specified with Tags.')
  if (abort !== undefined && hasSizes) {
    throw request('AbortIncompleteMultipartUpload cannot be specified with Object Size.')
  }
  if (noncurrent !== undefined && noncurrent.noncurrentDays === undefined) throw malformedXml()
  for (const { days, dateMs } of rule.transitions) {
    if ((days === undefined) === (dateMs === undefined)) throw malformedXml()
  }
}

function checkDays(rule: LifecycleRule): void {
  const { expiration, noncurrentVersionExpiration: noncurrent, abortIncompleteMultipartUpload: abort } = rule
  atLeast('Days', 'Expiration', expiration?.days, 1)
  atLeast('NoncurrentDays', 'NoncurrentVersionExpiration', noncurrent?.noncurrentDays, 1)
  atLeast('DaysAfterInitiation', 'AbortIncompleteMultipartUpload', abort?.daysAfterInitiation, 1)
  atMidnight(expiration?.dateMs)
  checkNewer(noncurrent?.newerNoncurrentVersions, rule)
  for (const { days, dateMs } of rule.transitions) {
    atLeast('Days', 'Transition', days, 0)
    atMidnight(dateMs)
  }
  for (const { noncurrentDays, newerNoncurrentVersions } of rule.noncurrentVersionTransitions) {
    atLeast('NoncurrentDays', 'NoncurrentVersionTransition', noncurrentDays, 0)
    checkNewer(newerNoncurrentVersions, rule)
  }
}

function atLeast(name: string, action: string, days: number | undefined, min: number): void {
  if (days === undefined || (days >= min && days <= daysMax)) return
  const bound = min === 0 ? 'nonnegative' : 'positive'
  throw argument(`'${name}' for ${action} action must be a ${bound} integer`)
}

function atMidnight(dateMs: number | undefined): void {
  if (dateMs !== undefined && dateMs % dayMs !== 0) throw argument("'Date' must be at midnight GMT")
}

function checkNewer(count: number | undefined, rule: LifecycleRule): void {
  if (count === undefined) return
  if (count < 1 || count > newerVersionsMax) {
    throw argument(`'NewerNoncurrentVersions' must be between 1 and ${newerVersionsMax}`)
  }
  if (rule.filter === undefined) throw request('NewerNoncurrentVersions can only be specified with a Filter element.')
}

/** Dates and days do not mix within a rule, and nothing expires before it moves. */
function checkOrder(rule: LifecycleRule): void {
  const { expiration, transitions } = rule
  const usesDates = expiration?.dateMs !== undefined || transitions.some((one) => one.dateMs !== undefined)
  const usesDays = expiration?.days !== undefined || transitions.some((one) => one.days !== undefined)
  const scope = `'(prefix=${prefixOf(rule)})'`
  if (usesDates && usesDays) {
    throw request(
      `Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter ${scope}`,
    )
  }
  const classes = new Set(transitions.map((one) => one.storageClass))
  if (classes.size < transitions.length) {
    throw request(`'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter ${scope}`)
  }
  for (const { days, dateMs } of transitions) {
    if (days !== undefined && expiration?.days !== undefined && expiration.days <= days) {
      throw argument(
        `'Days' in the Expiration action for filter ${scope} must be greater than 'Days' in the Transition action`,
      )
    }
    if (dateMs !== undefined && expiration?.dateMs !== undefined && expiration.dateMs <= dateMs) {
      throw argument(
        `'Date' in the Expiration action for filter ${scope} must be later than 'Date' in the Transition action`,
      )
    }
  }
}

function tagsOf(filter: LifecycleFilter): readonly { readonly key: string; readonly value: string }[] {
  if (filter.and !== undefined) return filter.and.tags
  return filter.tag === undefined ? [] : [filter.tag]
}

function hasSize(filter: LifecycleFilter): boolean {
  const { sizeGreaterThan, sizeLessThan } = filter.and ?? filter
  return sizeGreaterThan !== undefined || sizeLessThan !== undefined
}

function prefixOf({ prefix, filter }: LifecycleRule): string {
  return prefix ?? filter?.prefix ?? filter?.and?.prefix ?? ''
}

function argument(message: string): S3Error {
  return new S3Error('InvalidArgument', message)
}

function request(message: string): S3Error {
  return new S3Error('InvalidRequest', message)
}
