// Characters of XML 1.0 (https://www.w3.org/TR/xml/#charsets) and references to them. Only the five predefined entities and
// numeric references are known: whatever a document could define itself is an attack on memory (entity expansion) or on
// files of the server (external entities).

// What no XML 1.0 document may contain, not even as a reference.
// oxlint-disable-next-line eslint/no-control-regex -- these are the characters that are forbidden
const forbidden = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/
const reference = /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([a-z]{2,4}));|&/g

const predefined: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
])

export function hasForbiddenCharacter(text: string): boolean {
  return forbidden.test(text) || !text.isWellFormed()
}

/** `undefined` where a reference is malformed, unknown, or names a forbidden character. */
export function decodeReferences(text: string): string | undefined {
  if (!text.includes('&')) return text
  let isValid = true
  const decoded = text.replace(reference, (_whole, hex?: string, decimal?: string, name?: string) => {
    const character = name === undefined ? numericReference(hex, decimal) : predefined.get(name)
    if (character === undefined) isValid = false
    return character ?? ''
  })
  return isValid ? decoded : undefined
}

function numericReference(hex: string | undefined, decimal: string | undefined): string | undefined {
  if (hex === undefined && decimal === undefined) return undefined
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
  if (code > 0x10_ff_ff) return undefined
  const character = String.fromCodePoint(code)
  return hasForbiddenCharacter(character) ? undefined : character
}
