// What S3 asks of each statement of a bucket's policy: actions that it has, resources in this bucket, of each action that there is a
// resource it is done to, and conditions by keys that there are.

import { isGlobalKeyKnown } from './condition-keys.ts'
import { PolicyError } from './policy-error.ts'
import type { Statement } from './policy-document.ts'
import { s3ActionKind, s3ActionNames } from './s3-actions.ts'
import { Template } from './template.ts'

const s3Prefix = 'arn:aws:s3:::'

/** @throws PolicyError. `bucket` absent: whatever bucket it is. */
export function checkBucketStatement({ action, resource, conditions }: Statement, bucket: string | undefined): void {
  // Only of what is set now: what is stored stays in force, whichever keys this version knows.
  if (bucket !== undefined && !conditions.every(({ key }) => isGlobalKeyKnown(key)))
    throw new PolicyError('Policy has an invalid condition key')
  const resources = resource?.items ?? []
  if (!resources.every((item) => isOfBucket(item, bucket))) throw new PolicyError('Policy has invalid resource')
  const kinds = new Set(resources.flatMap(kindsOf))
  for (const item of action.items) {
    const named = kindsOfAction(item.toLowerCase())
    if (named.size === 0) throw new PolicyError('Policy has invalid action')
    const isApplicable = action.isNot || resource?.isNot === true || [...named].some((kind) => kinds.has(kind))
    if (!isApplicable) throw new PolicyError('Action does not apply to any resource(s) in statement')
  }
}

function isOfBucket(resource: string, bucket: string | undefined): boolean {
  if (!resource.startsWith(s3Prefix)) return false
  if (bucket === undefined) return true
  const [name = ''] = resource.slice(s3Prefix.length).split('/', 1)
  if (name.includes('${')) return true
  return new Template(name, { wildcards: true, variables: false }).matches(bucket, () => undefined)
}

type Kind = 'bucket' | 'object'

/** A star in the name of the bucket reaches over the slash. */
function kindsOf(resource: string): readonly Kind[] {
  const [name = '', ...rest] = resource.slice(s3Prefix.length).split('/')
  if (rest.length > 0) return name.includes('*') && rest.join('/') === '*' ? ['object', 'bucket'] : ['object']
  return name.includes('*') || name.includes('${') ? ['bucket', 'object'] : ['bucket']
}

function kindsOfAction(action: string): ReadonlySet<Kind> {
  if (action === '*' || action === 's3:*') return new Set(['bucket', 'object'])
  const pattern = new Template(action, { wildcards: true, variables: false })
  const names = /[*?]/.test(action) ? s3ActionNames.filter((name) => pattern.matches(name, () => undefined)) : [action]
  const kinds = names.flatMap((name) => s3ActionKind(name)?.on ?? [])
  return new Set(kinds.flatMap((kind) => (kind === 'account' ? [] : [kind])))
}
