// Reads the XML that clients send. fast-xml-parser makes the tree; it is lenient, so that xml-markup.ts first holds the text to
// the grammar and to what a server can bear from strangers. Invariants:
// - nothing is expanded: a DOCTYPE is refused before the parser sees it, the parser's own entities are off, and only the
//   predefined and the numeric references are decoded here
// - bytes, depth and the number of elements have bounds, so that time and memory have them
// - a long document is read piece by piece, so that others run in between, and the parser's tree of the whole, which costs more in garbage
//   than in parsing, is never there
// - names of elements and attributes are never keys of an object that is kept: no prototype can be reached
// - text is exact: white space of keys is kept, CDATA is text, a line's end is \n (https://www.w3.org/TR/xml/#sec-line-ends)
// Whatever is wrong is one error, MalformedXML, as with AWS.

import { XMLParser } from 'fast-xml-parser'

import { runSteps } from '../../../base/steps.ts'
import type { Steps } from '../../../base/steps.ts'
import { S3Error } from '../s3-error.ts'
import { decodeReferences, hasForbiddenCharacter } from './xml-characters.ts'
import { depthMax, piecesOfMarkup } from './xml-markup.ts'
import type { XmlElement } from './xml-element.ts'

/** Of most documents. */
const xmlBytesMax = 1024 * 1024
/** Of those that list 1,000 objects or 10,000 parts. */
export const largeXmlBytesMax = 2 * 1024 * 1024

const textName = '#text'
const cdataName = '#cdata'
const attributesName = ':@'

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  textNodeName: textName,
  cdataPropName: cdataName,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: depthMax,
  jPath: false,
})

const utf8 = new TextDecoder('utf-8', { fatal: true })
const noAttributes: ReadonlyMap<string, string> = new Map()

/** The root element. @throws S3Error `MalformedXML`, `MaxMessageLengthExceeded`. */
export function readXml(bytes: Uint8Array, bytesMax: number = xmlBytesMax): XmlElement {
  return runSteps(readXmlInSteps(bytes, bytesMax))
}

/** The same, in steps where the root has many children. */
export function* readXmlInSteps(bytes: Uint8Array, bytesMax: number = xmlBytesMax): Steps<XmlElement> {
  if (bytes.length > bytesMax) throw new S3Error('MaxMessageLengthExceeded')
  const text = decodeUtf8(bytes)
  if (hasForbiddenCharacter(text)) throw malformedXml()
  const pieces = piecesOfMarkup(text)
  const roots: XmlElement[] = []
  for (let piece = pieces.next(); ; piece = pieces.next()) {
    if (piece.done === true) {
      if (!piece.value) throw malformedXml()
      return joinRoots(roots)
    }
    if (roots.length > 0) yield
    roots.push(readRoot(piece.value))
  }
}

function joinRoots(roots: readonly XmlElement[]): XmlElement {
  const [first, ...others] = roots
  if (first === undefined) throw malformedXml()
  if (others.length === 0) return first
  const children = roots.flatMap((root) => root.children)
  return { ...first, children, text: roots.map(({ text }) => text).join('') }
}

function readRoot(text: string): XmlElement {
  const nodes = parse(text)
  let root: XmlElement | undefined
  for (const node of nodes) {
    const name = nameOf(node)
    if (name === textName) {
      if (textOf(node[name]).trim() !== '') throw malformedXml()
      continue
    }
    if (root !== undefined || name === cdataName) throw malformedXml()
    root = toElement(node, name)
  }
  if (root === undefined) throw malformedXml()
  return root
}

export function malformedXml(message?: string): S3Error {
  return new S3Error('MalformedXML', message)
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    throw new S3Error('MalformedXML', undefined, { cause: error })
  }
}

/** A node of the parser: one key, the name, whose value are the children; and the attributes. */
type ParsedNode = Readonly<Record<string, unknown>>

function parse(text: string): readonly ParsedNode[] {
  try {
    // The parser's own type is `any`.
    return parser.parse(text) as readonly ParsedNode[]
  } catch (error) {
    throw new S3Error('MalformedXML', undefined, { cause: error })
  }
}

function nameOf(node: ParsedNode): string {
  for (const name of Object.keys(node)) if (name !== attributesName) return name
  throw malformedXml()
}

/** The depth is bounded by the parser's `maxNestedTags`. */
function toElement(node: ParsedNode, name: string): XmlElement {
  const children: XmlElement[] = []
  let text = ''
  for (const child of nodesOf(node[name])) {
    const childName = nameOf(child)
    if (childName === textName) text += decoded(textOf(child[childName]))
    else if (childName === cdataName) text += cdataOf(child[childName])
    else children.push(toElement(child, childName))
  }
  return { name: localName(name), attributes: attributesOf(node[attributesName]), children, text }
}

function attributesOf(value: unknown): ReadonlyMap<string, string> {
  if (value === undefined) return noAttributes
  const entries = Object.entries(value as Readonly<Record<string, unknown>>)
  const attributes = new Map<string, string>()
  for (const [name, text] of entries) {
    if (name === 'xmlns' || name.startsWith('xmlns:')) continue
    attributes.set(localName(name), decoded(textOf(text)))
  }
  return attributes
}

function cdataOf(value: unknown): string {
  let text = ''
  for (const node of nodesOf(value)) text += textOf(node[textName])
  return text
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

function decoded(text: string): string {
  const result = decodeReferences(text)
  if (result === undefined) throw malformedXml()
  return result
}

function nodesOf(value: unknown): readonly ParsedNode[] {
  if (!Array.isArray(value)) throw malformedXml()
  return value as readonly ParsedNode[]
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw malformedXml()
  return value
}
