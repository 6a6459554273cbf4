// Contents that are elements: records of fields, and lists.

import { hasText } from '../../xml/xml-element.ts'
import type { XmlElement } from '../../xml/xml-element.ts'
import { malformedXml } from '../../xml/xml-reader.ts'
import type { XmlWriter } from '../../xml/xml-writer.ts'
import { storedWrongly } from './content.ts'
import type { Content } from './content.ts'

/** How a property of a record stands among the children of its element. */
export interface Field<T, Presence extends 'always' | 'maybe'> {
  /** Of the XML element. */
  readonly name: string
  readonly presence: Presence
  /** All children of that name. */
  read(elements: readonly XmlElement[]): T | undefined
  write(writer: XmlWriter, value: T): void
  revive(stored: unknown): T | undefined
}

type Fields = Readonly<Record<string, Field<unknown, 'always' | 'maybe'>>>
type FieldValue<F> = F extends Field<infer T, 'always' | 'maybe'> ? T : never
type MaybeKeys<F> = { [K in keyof F]: F[K] extends Field<unknown, 'maybe'> ? K : never }[keyof F]
type Flat<T> = { readonly [K in keyof T]: T[K] }

/** The type of a record: fields that may be absent are absent, never `undefined`. */
export type RecordValue<F> = Flat<
  { readonly [K in Exclude<keyof F, MaybeKeys<F>>]: FieldValue<F[K]> } & {
    readonly [K in MaybeKeys<F>]?: FieldValue<F[K]>
  }
>

/** The element must be there once. */
export function required<T>(name: string, content: Content<T>): Field<T, 'always'> {
  return {
    name,
    presence: 'always',
    read(elements) {
      const [element] = elements
      if (element === undefined || elements.length > 1) throw malformedXml()
      return content.read(element)
    },
    write(writer, value) {
      content.write(writer, name, value)
    },
    revive(stored) {
      return content.revive(stored)
    },
  }
}

/** The element may be there once. */
export function optional<T>(name: string, content: Content<T>): Field<T, 'maybe'> {
  return {
    name,
    presence: 'maybe',
    read(elements) {
      const [element] = elements
      if (elements.length > 1) throw malformedXml()
      return element === undefined ? undefined : content.read(element)
    },
    write(writer, value) {
      content.write(writer, name, value)
    },
    revive(stored) {
      return stored === undefined ? undefined : content.revive(stored)
    },
  }
}

export interface Count {
  readonly min?: number
  readonly max?: number
}

/** The element may be repeated among its siblings; more or fewer than `count` says is `MalformedXML`. */
export function many<T>(name: string, content: Content<T>, count: Count = {}): Field<readonly T[], 'always'> {
  return {
    name,
    presence: 'always',
    read: (elements) => readAll(elements, content, count),
    write(writer, values) {
      for (const value of values) content.write(writer, name, value)
    },
    revive: (stored) => reviveAll(stored, content),
  }
}

/** An element that holds nothing but repeated ones of one name. */
export function list<T>(itemName: string, content: Content<T>, count: Count = {}): Content<readonly T[]> {
  return {
    read(element) {
      if (hasText(element) || element.children.some((child) => child.name !== itemName)) throw malformedXml()
      return readAll(element.children, content, count)
    },
    write(writer, name, values) {
      writer.open(name)
      for (const value of values) content.write(writer, itemName, value)
      writer.close(name)
    },
    revive: (stored) => reviveAll(stored, content),
  }
}

function readAll<T>(elements: readonly XmlElement[], content: Content<T>, count: Count): readonly T[] {
  const { min = 0, max = Number.POSITIVE_INFINITY } = count
  if (elements.length < min || elements.length > max) throw malformedXml()
  return elements.map((element) => content.read(element))
}

function reviveAll<T>(stored: unknown, content: Content<T>): readonly T[] {
  if (!Array.isArray(stored)) throw storedWrongly('a list')
  return stored.map((item: unknown) => content.revive(item))
}

export interface RecordOptions {
  /**
   * What happens to elements that the record does not know. `refused` (the default): `MalformedXML`, because a setting that is
   * silently dropped is worse than none. `ignored`: where clients send more than is asked for.
   */
  readonly others?: 'refused' | 'ignored'
}

const noElements: readonly XmlElement[] = []

/** An element with one child or more for each field, in any order; written in the order of the fields. */
export function record<F extends Fields>(fields: F, options: RecordOptions = {}): Content<RecordValue<F>> {
  const entries = Object.entries(fields)
  const names = new Set(entries.map(([, field]) => field.name))
  return {
    read(element) {
      if (hasText(element)) throw malformedXml()
      const byName = new Map<string, XmlElement[]>()
      for (const child of element.children) {
        const same = byName.get(child.name)
        if (same !== undefined) same.push(child)
        else if (names.has(child.name)) byName.set(child.name, [child])
        else if (options.others !== 'ignored') throw malformedXml()
      }
      return build<F>(entries, (_key, field) => field.read(byName.get(field.name) ?? noElements))
    },
    write(writer, name, value) {
      writer.open(name)
      writeFields(writer, entries, value)
      writer.close(name)
    },
    revive(stored) {
      if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) throw storedWrongly('a record')
      const properties = stored as Readonly<Record<string, unknown>>
      return build<F>(entries, (key, field) =>
        field.revive(Object.hasOwn(properties, key) ? properties[key] : undefined),
      )
    },
  }
}

type Entries = readonly (readonly [string, Field<unknown, 'always' | 'maybe'>])[]

function build<F>(
  entries: Entries,
  valueOf: (key: string, field: Field<unknown, 'always' | 'maybe'>) => unknown,
): RecordValue<F> {
  const value: Record<string, unknown> = {}
  for (const [key, field] of entries) {
    const property = valueOf(key, field)
    if (property !== undefined) value[key] = property
  }
  // Each field gave what its type says.
  return value as RecordValue<F>
}

function writeFields(writer: XmlWriter, entries: Entries, value: object): void {
  const properties = value as Readonly<Record<string, unknown>>
  for (const [key, field] of entries) {
    const property = properties[key]
    if (property !== undefined) field.write(writer, property)
  }
}
