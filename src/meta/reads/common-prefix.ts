// Grouping of keys in listings: all that is the same up to a delimiter stands as one common prefix.

/** What a key is listed as; `undefined`: as itself. It starts with the prefix. */
export function commonPrefixOf(key: string, prefix: string, delimiter: string | undefined): string | undefined {
  const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length)
  return delimiter === undefined || end < 0 ? undefined : key.slice(0, end + delimiter.length)
}

/** Whether a place in a listing is a common prefix of an earlier page, so that all it stands for is passed. */
export function isCommonPrefix(after: string, prefix: string, delimiter: string | undefined): boolean {
  return after.length > prefix.length && after.startsWith(prefix) && commonPrefixOf(after, prefix, delimiter) === after
}
