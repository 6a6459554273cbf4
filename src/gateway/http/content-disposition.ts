// Content-Disposition of a download (RFC 6266, RFC 8187). Always `attachment`: what users store is never shown as a page of
// this origin. Any name gives a header of visible ASCII; the exact name stands in `filename*`.

const simple = /^[A-Za-z0-9_][A-Za-z0-9_ .()+,=@-]*$/
const notPlain = /[^A-Za-z0-9_ .()+,=@-]/g
const notAttributeCharacter = /['()*]/g

/** Names a download by the last segment of `key`. */
export function attachmentDisposition(key: string): string {
  const name = fileNameOf(key)
  if (simple.test(name)) return `attachment; filename="${name}"`
  const fallback = name.replace(notPlain, '_')
  const exact = encodeURIComponent(name).replace(notAttributeCharacter, escapeCharacter)
  return `attachment; filename="${fallback}"; filename*=UTF-8''${exact}`
}

function fileNameOf(key: string): string {
  const last = key.slice(key.lastIndexOf('/') + 1)
  return last === '' || last === '.' || last === '..' ? 'download' : last
}

function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
