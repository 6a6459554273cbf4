// One walk over the text of a document before anything is made of it: tags are well-formed and closed in order, there is one root
// and no text beside it, nothing is declared (<!DOCTYPE, <!ENTITY), and depth, number of tags and number of attributes have bounds. The
// time is linear: each `<` is looked at once, and the first that does not fit ends the walk.
//
// It cuts long documents into pieces: each has some whole children of the root between tags of the root's name, so that it is a document
// of its own, which can be read as soon as the walk has passed it.
// Source: https://www.w3.org/TR/xml/#sec-well-formed

export const depthMax = 32
/** 10,000 parts with an ETag, a number and a few checksums, and room. */
const tagsMax = 200_000
const attributesMax = 32

const name = '[A-Za-z_\\u00C0-\\uD7FF\\uF900-\\uFFFD][A-Za-z0-9_.:\\-\\u00B7-\\uD7FF\\uF900-\\uFFFD]*'
const attribute = `${name}[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:"[^<"]*"|'[^<']*')`
// The slash of an end tag, the name, attributes, the slash of an empty element.
const tag = new RegExp(`<(/?)(${name})((?:[ \\t\\r\\n]+${attribute})*)[ \\t\\r\\n]*(/?)>`, 'y')
const attributeNames = new RegExp(`(${name})[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:"[^<"]*"|'[^<']*')`, 'g')
const otherThanSpace = /[^ \t\r\n]/

/** In UTF-16 code units: some milliseconds of work. */
const pieceLengthMin = 64 * 1024

/** Yields the pieces, a short text as it is; returns whether all of it is well-formed, `false` as soon as it is not. */
export function* piecesOfMarkup(text: string): Generator<string, boolean, undefined> {
  const open: string[] = []
  let opening = ''
  let pieceStart = 0
  let tags = 0
  let hasRoot = false
  // A byte order mark was dropped by the decoder.
  let position = 0
  for (let start = text.indexOf('<'); start >= 0; start = text.indexOf('<', position)) {
    if (open.length === 0 && otherThanSpace.test(text.slice(position, start))) return false
    const end = endOfOther(text, start)
    if (end !== undefined) {
      if (end < 0 || (open.length === 0 && text.startsWith('<![', start))) return false
      position = end
      continue
    }
    tag.lastIndex = start
    const match = tag.exec(text)
    if (match === null || ++tags > tagsMax) return false
    const [, closing, tagName = '', attributes = '', empty] = match
    if (open.length === 0 && hasRoot) return false
    hasRoot = true
    if (closing === '/') {
      if (open.pop() !== tagName || attributes !== '' || empty === '/') return false
    } else {
      if (open.length >= depthMax || !areDistinct(attributes)) return false
      if (empty !== '/') open.push(tagName)
    }
    position = tag.lastIndex
    const [root, ...others] = position - pieceStart < pieceLengthMin ? [] : open
    if (root === undefined || others.length > 0 || (closing !== '/' && empty !== '/')) continue
    yield `${opening}${text.slice(pieceStart, position)}</${root}>`
    opening = `<${root}>`
    pieceStart = position
  }
  if (!hasRoot || open.length > 0 || otherThanSpace.test(text.slice(position))) return false
  yield opening + text.slice(pieceStart)
  return true
}

/** The end of a comment, a CDATA section or an instruction; -1 where it has none; `undefined` where it is a tag or a declaration. */
function endOfOther(text: string, start: number): number | undefined {
  if (text.startsWith('<!--', start)) return endOf(text, '-->', start + 4)
  if (text.startsWith('<![CDATA[', start)) return endOf(text, ']]>', start + 9)
  if (text.startsWith('<?', start)) return endOf(text, '?>', start + 2)
  return undefined
}

function endOf(text: string, mark: string, from: number): number {
  const position = text.indexOf(mark, from)
  return position < 0 ? -1 : position + mark.length
}

function areDistinct(attributes: string): boolean {
  if (attributes === '') return true
  const names = new Set<string>()
  for (const [, attributeName = ''] of attributes.matchAll(attributeNames)) {
    if (names.has(attributeName) || names.size === attributesMax) return false
    names.add(attributeName)
  }
  return true
}
