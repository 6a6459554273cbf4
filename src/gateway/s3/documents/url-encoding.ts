// encoding-type=url: keys in listings percent-encoded, because XML 1.0 cannot hold all characters that a key can.
// As AWS does it, everything but letters, digits and - _ . / * is encoded. A space becomes %20 and not the + that AWS writes:
// decoders of forms and of URLs both read %20, and only the former read +.

const plain = /^[A-Za-z0-9\-_./*]*$/
const leftByEngine = /[!'()~]/g

export type EncodingType = 'url'

function encodeKey(key: string): string {
  if (plain.test(key)) return key
  return encodeURIComponent(key.toWellFormed())
    .replaceAll('%2F', '/')
    .replace(leftByEngine, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** What writes a key in a listing. */
export function keyWriter(encoding: EncodingType | undefined): (key: string) => string {
  return encoding === 'url' ? encodeKey : (key) => key
}
