// One description of a document gives all that is done with it: reading it from XML, writing it as XML, and checking what was
// stored as JSON. So the three cannot drift apart, and a document's file says only what AWS's reference says.

import { FrostError } from '../../../../base/errors.ts'
import type { XmlElement } from '../../xml/xml-element.ts'
import type { XmlWriter } from '../../xml/xml-writer.ts'

/** What stands in an element, as a value of the type `T`. Values are plain JSON: no dates, maps or classes. */
export interface Content<T> {
  /** @throws S3Error, mostly `MalformedXML`. */
  read(element: XmlElement): T
  /** Writes the whole element, under `name`. */
  write(writer: XmlWriter, name: string, value: T): void
  /** Checks what `JSON.parse` gave and puts it into canonical order. @throws FrostError `store-corrupt`. */
  revive(stored: unknown): T
}

export type ValueOf<C> = C extends Content<infer T> ? T : never

export function storedWrongly(expected: string): FrostError {
  return new FrostError('store-corrupt', `A stored setting of a bucket is not ${expected}.`)
}

/** For values that are only ever read from XML or written to it in part of a larger content. */
export function mapContent<A, B>(
  content: Content<A>,
  map: { readonly read: (value: A) => B; readonly write: (value: B) => A },
): Content<B> {
  return {
    read: (element) => map.read(content.read(element)),
    write: (writer, name, value) => {
      content.write(writer, name, map.write(value))
    },
    revive: (stored) => map.read(content.revive(stored)),
  }
}
