// Lists of entity tags in If-Match, If-None-Match and If-Range (RFC 9110, section 8.8.3). A tag without its quotes, a common
// mistake, is taken as if it had them; everything else that is not the grammar is refused by the caller.

export interface EntityTag {
  /** Without quotes. */
  readonly value: string
  readonly weak: boolean
}

export type EntityTags = '*' | readonly EntityTag[]

const tagsMax = 256
// One element of the list with its comma: W/"...", "...", or a bare word.
const element = /[ \t]*(?:(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"|([\x21\x23-\x2b\x2d-\x7e]+))[ \t]*)?(?:,|$)/y

/** `undefined` where the header is malformed. */
export function parseEntityTags(header: string): EntityTags | undefined {
  if (header.trim() === '*') return '*'
  const tags: EntityTag[] = []
  let position = 0
  while (position < header.length) {
    element.lastIndex = position
    const match = element.exec(header)
    if (match === null || tags.length === tagsMax) return undefined
    const [, weak, quoted, bare] = match
    const value = quoted ?? bare
    if (value === '*') return undefined
    if (value !== undefined) tags.push({ value, weak: weak !== undefined })
    position = element.lastIndex
  }
  return tags.length === 0 ? undefined : tags
}

/** The strong comparison; ours are always strong. */
export function matchesStrongly(tags: readonly EntityTag[], etag: string): boolean {
  return tags.some((tag) => !tag.weak && tag.value === etag)
}

export function matchesWeakly(tags: readonly EntityTag[], etag: string): boolean {
  return tags.some((tag) => tag.value === etag)
}
