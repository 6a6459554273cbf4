// Contents that are text: strings, numbers, booleans, choices, times.

import type { XmlElement } from '../../xml/xml-element.ts'
import { malformedXml } from '../../xml/xml-reader.ts'
import { formatTimestamp, parseTimestamp } from '../timestamps.ts'
import { storedWrongly } from './content.ts'
import type { Content } from './content.ts'

/** The bounds are in UTF-16 code units, as AWS counts. A string out of bounds is `MalformedXML`. */
export function text(bounds: { readonly min?: number; readonly max?: number } = {}): Content<string> {
  const { min = 0, max = Number.POSITIVE_INFINITY } = bounds
  return {
    read(element) {
      const value = textOf(element)
      if (value.length < min || value.length > max) throw malformedXml()
      return value
    },
    write(writer, name, value) {
      writer.element(name, value)
    },
    revive(stored) {
      if (typeof stored !== 'string') throw storedWrongly('text')
      return stored
    },
  }
}

const wholeNumber = /^-?\d{1,15}$/

/** A whole number; one out of bounds is `MalformedXML`. Where AWS answers something else, the document checks the bounds. */
export function integer(bounds: { readonly min?: number; readonly max?: number } = {}): Content<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds
  return {
    read(element) {
      const written = textOf(element).trim()
      // The sum: -0 is 0.
      const value = wholeNumber.test(written) ? Number(written) + 0 : Number.NaN
      if (!(value >= min && value <= max)) throw malformedXml()
      return value
    },
    write(writer, name, value) {
      writer.number(name, value)
    },
    revive(stored) {
      if (typeof stored !== 'number' || !Number.isSafeInteger(stored)) throw storedWrongly('a whole number')
      return stored
    },
  }
}

export const flag: Content<boolean> = {
  read(element) {
    const written = textOf(element).trim().toLowerCase()
    if (written !== 'true' && written !== 'false') throw malformedXml()
    return written === 'true'
  },
  write(writer, name, value) {
    writer.boolean(name, value)
  },
  revive(stored) {
    if (typeof stored !== 'boolean') throw storedWrongly('true or false')
    return stored
  },
}

/** One of a few words, spelt exactly so. */
export function choice<const T extends string>(...words: readonly T[]): Content<T> {
  return {
    read(element) {
      const written = textOf(element).trim()
      const word = words.find((candidate) => candidate === written)
      if (word === undefined) throw malformedXml()
      return word
    },
    write(writer, name, value) {
      writer.element(name, value)
    },
    revive(stored) {
      const word = words.find((candidate) => candidate === stored)
      if (word === undefined) throw storedWrongly(`one of ${words.join(', ')}`)
      return word
    },
  }
}

/** Milliseconds since 1970, written as ISO 8601 with milliseconds. */
export const timestamp: Content<number> = {
  read(element) {
    const value = parseTimestamp(textOf(element).trim())
    if (value === undefined) throw malformedXml()
    return value
  },
  write(writer, name, value) {
    writer.element(name, formatTimestamp(value))
  },
  revive(stored) {
    if (typeof stored !== 'number' || !Number.isSafeInteger(stored)) throw storedWrongly('a time')
    return stored
  },
}

/** @throws S3Error `MalformedXML` where there are elements inside. */
export function textOf(element: XmlElement): string {
  if (element.children.length > 0) throw malformedXml()
  return element.text
}
