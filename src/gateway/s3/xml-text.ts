// The least that writing XML takes: the declaration, and text made safe. Documents of more than a line are written by xml/ and documents/.

export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
/** Of most documents of the S3 API. */
export const s3Namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'

const special = /[&<>"'\p{Cc}\uFFFE\uFFFF]/u
const specials = /[&<>"'\p{Cc}\uFFFE\uFFFF]/gu

/**
 * As the content of an element or attribute. What XML 1.0 cannot hold goes out as AWS sends it, as a character reference, which lenient
 * readers take; listings ask for `encoding-type=url` where keys hold such.
 */
export function escapeText(text: string): string {
  return special.test(text) ? text.replace(specials, escapeCharacter) : text
}

function escapeCharacter(character: string): string {
  switch (character) {
    case '&':
      return '&amp;'
    case '<':
      return '&lt;'
    case '>':
      return '&gt;'
    case '"':
      return '&quot;'
    case "'":
      return '&apos;'
    default:
      return `&#x${character.charCodeAt(0).toString(16)};`
  }
}
