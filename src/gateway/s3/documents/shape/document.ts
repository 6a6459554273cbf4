// A document as a whole: its root element, the rules that go beyond its shape, and the bytes that are stored.
//
// Stored form: the UTF-8 bytes of {"version":N,"value":{...}}, properties in the order of the shape, so that equal settings are
// equal bytes. They are never parsed as XML again. A value is checked against its shape when it is loaded, not against the
// rules: a rule that becomes stricter must not make what is stored unreadable.

import { FrostError } from '../../../../base/errors.ts'
import type { Steps } from '../../../../base/steps.ts'
import type { XmlElement } from '../../xml/xml-element.ts'
import { malformedXml, readXml, readXmlInSteps } from '../../xml/xml-reader.ts'
import { XmlWriter } from '../../xml/xml-writer.ts'
import { storedWrongly } from './content.ts'
import type { Content } from './content.ts'

export interface S3Document<T> {
  /** @throws S3Error with the code that AWS answers. */
  parse(bytes: Uint8Array): T
  /** The same in steps, for documents with thousands of elements. */
  parseInSteps(bytes: Uint8Array): Steps<T>
  /** The whole document, with the XML declaration. */
  write(value: T): string
  /** What is stored: canonical JSON. @throws FrostError `store-corrupt` where `value` is not of the shape. */
  encode(value: T): Uint8Array
  /** @throws FrostError `store-corrupt`, `format-unsupported`. */
  decode(bytes: Uint8Array): T
}

export interface DocumentParts<T> {
  /** The name of the root element. */
  readonly root: string
  readonly content: Content<T>
  /** Rules beyond the shape; gives the value, completed where AWS completes it. @throws S3Error. */
  readonly refine?: (value: T) => T
  /** Of the XML; unless given, 1 MiB. */
  readonly bytesMax?: number
}

const storedVersion = 1
const utf8Encoder = new TextEncoder()
const utf8Decoder = new TextDecoder('utf-8', { fatal: true })

export function s3Document<T>(parts: DocumentParts<T>): S3Document<T> {
  const { root, content, refine, bytesMax } = parts
  const fromXml = (element: XmlElement): T => {
    if (element.name !== root) throw malformedXml()
    const value = content.read(element)
    return refine === undefined ? value : refine(value)
  }
  return {
    parse(bytes) {
      return fromXml(readXml(bytes, bytesMax))
    },
    *parseInSteps(bytes) {
      return fromXml(yield* readXmlInSteps(bytes, bytesMax))
    },
    write(value) {
      const writer = new XmlWriter()
      content.write(writer, root, value)
      return writer.finish()
    },
    encode(value) {
      return utf8Encoder.encode(JSON.stringify({ version: storedVersion, value: content.revive(value) }))
    },
    decode(bytes) {
      const stored = parseJson(bytes)
      if (typeof stored !== 'object' || stored === null) throw storedWrongly('a document')
      const { version, value } = stored as { readonly version?: unknown; readonly value?: unknown }
      if (version !== storedVersion) {
        throw new FrostError('format-unsupported', `A stored ${root} has the unknown version ${String(version)}.`, {
          remedy: 'Run a version of FrostByte that is at least as new as the one that stored it.',
        })
      }
      return content.revive(value)
    },
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Decoder.decode(bytes))
  } catch (error) {
    throw new FrostError('store-corrupt', 'A stored setting of a bucket is not JSON.', { cause: error })
  }
}
