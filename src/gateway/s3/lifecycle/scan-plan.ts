// What of a bucket a scan has to look at, as its rules say: which prefixes, whether versions or unfinished uploads at all, and whether tags
// decide, which cost a look-up each. Pure.

import type { BucketRow } from '../../../meta/contract/bucket-metadata.ts'
import type { LifecycleConfiguration, LifecycleRule } from '../documents/lifecycle-configuration.ts'
import { prefixOf } from '../rules/lifecycle.ts'

export interface ScanPlan {
  readonly configuration: LifecycleConfiguration
  /** The same rules for whatever tags: what they do not touch, those with tags do not either. */
  readonly untagged: LifecycleConfiguration
  readonly hasTags: boolean
  /** Of versions to be looked at, in byte order; none begins with another one. */
  readonly prefixes: readonly string[]
  /** Of unfinished uploads. */
  readonly uploadPrefixes: readonly string[]
}

export function planScan({ rules }: LifecycleConfiguration, { versioning }: Pick<BucketRow, 'versioning'>): ScanPlan {
  const enabled = rules.filter(({ status }) => status === 'Enabled')
  const ofVersions = enabled.filter((rule) => removesVersions(rule, versioning !== undefined))
  const ofUploads = enabled.filter((rule) => rule.abortIncompleteMultipartUpload !== undefined)
  return {
    configuration: { rules: enabled },
    untagged: { rules: enabled.map(withoutTags) },
    hasTags: ofVersions.some((rule) => withoutTags(rule) !== rule),
    prefixes: coveringPrefixes(ofVersions),
    uploadPrefixes: coveringPrefixes(ofUploads),
  }
}

/** Transitions remove nothing: there is one storage class (ADR 0102). */
function removesVersions(rule: LifecycleRule, hasVersions: boolean): boolean {
  const { expiration, noncurrentVersionExpiration } = rule
  if (noncurrentVersionExpiration !== undefined && hasVersions) return true
  if (expiration === undefined) return false
  return expiration.days !== undefined || expiration.dateMs !== undefined || hasVersions
}

function coveringPrefixes(rules: readonly LifecycleRule[]): readonly string[] {
  const sorted = rules.map(prefixOf).toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
  const covering: string[] = []
  for (const prefix of sorted) {
    const last = covering.at(-1)
    if (last === undefined || !prefix.startsWith(last)) covering.push(prefix)
  }
  return covering
}

function withoutTags(rule: LifecycleRule): LifecycleRule {
  const { filter } = rule
  if (filter?.and !== undefined && filter.and.tags.length > 0)
    return { ...rule, filter: { ...filter, and: { ...filter.and, tags: [] } } }
  if (filter?.tag === undefined) return rule
  return { ...rule, filter: {} }
}
