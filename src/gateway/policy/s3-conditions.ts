// Values of condition keys that a request to S3 has by itself. They are made when a policy asks for them: most requests meet no condition.
// Keys that say who asks are the authorizer's (principal-conditions.ts): no request can set them.
//
// Source: AWS Service Authorization Reference, "Condition keys for Amazon S3"; AWS IAM User Guide, "AWS global condition context keys".

import { DAY_MS } from '../../base/units.ts'
import { parseTimestamp } from '../s3/documents/timestamps.ts'
import type { ConditionValues } from './compiled-policy.ts'
import { existingTagPrefix } from './condition-keys.ts'

export interface S3RequestFacts {
  /** By the name in lower case. `undefined`: the request has none. Of a POST form: the field. */
  header(name: string): string | undefined
  /** The first of that name, decoded. */
  query(name: string): string | undefined
  /** Of the client. */
  readonly address: string
  readonly isSecure: boolean
  /** `1.3`. Absent: there is none, or it is not known here. */
  readonly tlsVersion?: string | undefined
  /** Whether the request makes an object; absent: it writes none. */
  readonly createsObject?: boolean | undefined
  readonly nowMs: number
  /** Absent: the request is not signed. */
  readonly signature?: S3SignatureFacts
  /** Of the object as it is; needed only where `CompiledPolicy.asksExistingTags`. */
  readonly existingTags?: ReadonlyMap<string, string>
  /** That the request sets by its body; else they are read from `x-amz-tagging`. */
  readonly requestTags?: ReadonlyMap<string, string>
  /** That the request sets by its body; else they are read from the headers. */
  readonly objectLock?: {
    readonly mode?: string
    readonly retainUntilMs?: number
    readonly legalHold?: string
  }
  /** Of CreateBucket. */
  readonly locationConstraint?: string
}

export interface S3SignatureFacts {
  readonly version: 'AWS4-HMAC-SHA256' | 'AWS'
  readonly type: 'REST-HEADER' | 'REST-QUERY-STRING' | 'POST'
  /** How long ago the request was signed. */
  readonly ageMs: number
}

/** Keys that are a header of another name, or of the same one without `s3:`. */
const headerKeys: ReadonlyMap<string, string> = new Map([
  ['aws:useragent', 'user-agent'],
  ['aws:referer', 'referer'],
  ['s3:if-match', 'if-match'],
  ['s3:if-none-match', 'if-none-match'],
])

const queryKeys: ReadonlyMap<string, string> = new Map([
  ['s3:prefix', 'prefix'],
  ['s3:delimiter', 'delimiter'],
  ['s3:max-keys', 'max-keys'],
  ['s3:versionid', 'versionId'],
])

const requestTagPrefix = 's3:requestobjecttag/'

export class S3Conditions implements ConditionValues {
  readonly #facts: S3RequestFacts
  #requestTags: ReadonlyMap<string, string> | undefined

  constructor(facts: S3RequestFacts) {
    this.#facts = facts
  }

  /** `key`: in lower case. */
  get(key: string): string | readonly string[] | undefined {
    const facts = this.#facts
    const query = queryKeys.get(key)
    if (query !== undefined) return facts.query(query)
    const header = headerKeys.get(key)
    if (header !== undefined) return facts.header(header)
    if (key.startsWith(existingTagPrefix)) return tagOf(facts.existingTags, key.slice(existingTagPrefix.length))
    if (key.startsWith(requestTagPrefix)) return tagOf(this.#tags(), key.slice(requestTagPrefix.length))
    return this.#single(key)
  }

  #single(key: string): string | readonly string[] | undefined {
    const facts = this.#facts
    switch (key) {
      case 'aws:sourceip':
        return facts.address
      case 'aws:securetransport':
        return String(facts.isSecure)
      case 'aws:currenttime':
        return new Date(facts.nowMs).toISOString()
      case 'aws:epochtime':
        return String(Math.floor(facts.nowMs / 1_000))
      case 's3:tlsversion':
        return facts.tlsVersion
      case 's3:objectcreationoperation':
        return facts.createsObject === undefined ? undefined : String(facts.createsObject)
      case 's3:signatureversion':
        return facts.signature?.version
      case 's3:authtype':
        return facts.signature?.type
      case 's3:signatureage':
        return facts.signature && String(Math.max(0, Math.round(facts.signature.ageMs)))
      case 's3:requestobjecttagkeys':
        return [...this.#tags().keys()]
      case 's3:locationconstraint':
        return facts.locationConstraint
      default:
        return key.startsWith('s3:object-lock-')
          ? this.#objectLock(key)
          : key.startsWith('s3:x-amz-')
            ? facts.header(key.slice(3))
            : undefined
    }
  }

  #objectLock(key: string): string | undefined {
    const { objectLock, nowMs } = this.#facts
    const header = (name: string): string | undefined => this.#facts.header(`x-amz-object-lock-${name}`)
    const untilText = header('retain-until-date')
    const untilMs = objectLock?.retainUntilMs ?? (untilText === undefined ? undefined : parseTimestamp(untilText))
    switch (key) {
      case 's3:object-lock-mode':
        return objectLock?.mode ?? header('mode')
      case 's3:object-lock-legal-hold':
        return objectLock?.legalHold ?? header('legal-hold')
      case 's3:object-lock-retain-until-date':
        return untilMs === undefined ? undefined : new Date(untilMs).toISOString()
      case 's3:object-lock-remaining-retention-days':
        return untilMs === undefined ? undefined : String(Math.ceil((untilMs - nowMs) / DAY_MS))
      default:
        return undefined
    }
  }

  #tags(): ReadonlyMap<string, string> {
    this.#requestTags ??=
      this.#facts.requestTags ?? new Map(new URLSearchParams(this.#facts.header('x-amz-tagging') ?? ''))
    return this.#requestTags
  }
}

/**
 * Names of condition keys have no case, so the name of the tag in one has none either. An object can have several tags that differ in
 * case: all of them count, so that none can stand for another.
 */
function tagOf(tags: ReadonlyMap<string, string> | undefined, name: string): string | readonly string[] | undefined {
  const values: string[] = []
  for (const [tag, value] of tags ?? []) if (tag.toLowerCase() === name) values.push(value)
  return values.length === 1 ? values[0] : values
}
