// Content-Type of an upload: what is worth storing, and whether the body is a form.

export const defaultMediaType = 'application/octet-stream'

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const quoted = '"[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]*"'
// White space has one place only between two parameters, so that the pattern never backtracks.
const mediaType = new RegExp(`^${token}/${token}(?:[ \\t]*;(?:[ \\t]*${token}=(?:${token}|${quoted}))?)*[ \\t]*$`)
const charactersMax = 255

/**
 * The type to store with a file; `undefined` for none. One that is malformed or very long is left out rather than repeated to readers,
 * and so is what `curl --data-binary` claims of every body.
 */
export function storedMediaType(header: string | undefined): string | undefined {
  if (header === undefined || header.length > charactersMax || !mediaType.test(header)) return undefined
  return /^application\/x-www-form-urlencoded/i.test(header) ? undefined : header
}

export function isMultipartForm(header: string | undefined): boolean {
  return header !== undefined && /^multipart\/form-data[ \t]*(?:;|$)/i.test(header)
}
