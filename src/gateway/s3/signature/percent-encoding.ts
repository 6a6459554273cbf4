// Percent-encoding as Signature Version 4 wants it: every byte but A-Z a-z 0-9 - . _ ~ as %XX, in capitals. What comes over the
// wire is decoded and encoded again, so that `%7e`, `%7E` and `~` are the same, which they are for whoever reads the name. A
// `%` without two digits after it stands for itself.

const percent = 37
const plus = 43
const slash = 47

/** Pieces of text by byte: the byte itself where it needs no escape. */
const encodedBytes: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  return /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

const plainPath = /^[A-Za-z0-9._~/-]*$/
const plainWord = /^[A-Za-z0-9._~-]*$/

/** Of a raw path: slashes stay, nothing is normalised; an empty one is `/`. */
export function canonicalPath(path: string): string {
  if (path === '') return '/'
  return plainPath.test(path) ? path : recode(path, { keepsSlash: true, plusIsSpace: false })
}

/** Of the name or value of a query parameter, still encoded; a `+` is a space, as in forms. */
export function recodeQueryWord(word: string): string {
  return plainWord.test(word) ? word : recode(word, { keepsSlash: false, plusIsSpace: true })
}

function recode(text: string, how: { readonly keepsSlash: boolean; readonly plusIsSpace: boolean }): string {
  const bytes = wireBytes(text)
  let recoded = ''
  for (let index = 0; index < bytes.length; index++) {
    let byte = bytes.charCodeAt(index)
    if (byte === percent) {
      const escaped = escapedByte(bytes, index)
      if (escaped !== undefined) {
        byte = escaped
        index += 2
      }
    } else if (byte === plus && how.plusIsSpace) {
      byte = 32
    }
    recoded += byte === slash && how.keepsSlash ? '/' : encodedBytes[byte]
  }
  return recoded
}

function escapedByte(text: string, at: number): number | undefined {
  const digits = text.slice(at + 1, at + 3)
  return /^[0-9A-Fa-f]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined
}

/** A character a byte. node:http gives nothing else; text from elsewhere counts as UTF-8. */
function wireBytes(text: string): string {
  // oxlint-disable-next-line no-control-regex -- all bytes
  return /^[\x00-\xff]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}
