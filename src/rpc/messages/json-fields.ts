// Reads the fields of the rare messages, which travel as JSON (RFC 8259) in UTF-8. A field that is absent or of the wrong type is the
// peer's fault and named; unknown fields are ignored, so that a newer peer can add some.

import { FrostError } from '../../base/errors.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(value))
}

export class JsonFields {
  readonly #message: string
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(message: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new FrostError('protocol-error', `A ${message} message is not a JSON object.`)
    }
    this.#message = message
    this.#fields = value as Readonly<Record<string, unknown>>
  }

  static decode(message: string, bytes: Uint8Array): JsonFields {
    let value: unknown
    try {
      value = JSON.parse(decoder.decode(bytes))
    } catch (cause) {
      throw new FrostError('protocol-error', `A ${message} message is not JSON.`, { cause })
    }
    return new JsonFields(message, value)
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null
  }

  string(name: string): string {
    const value = this.#fields[name]
    return typeof value === 'string' ? value : this.#wrong(name)
  }

  optionalString(name: string): string | undefined {
    return this.has(name) ? this.string(name) : undefined
  }

  /** A whole number from 0 to 2^53 - 1. */
  count(name: string): number {
    const value = this.#fields[name]
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : this.#wrong(name)
  }

  boolean(name: string): boolean {
    const value = this.#fields[name]
    return typeof value === 'boolean' ? value : this.#wrong(name)
  }

  object(name: string): unknown {
    return this.has(name) ? this.#fields[name] : this.#wrong(name)
  }

  /** At most `max` elements. */
  list<T>(name: string, max: number, read: (element: unknown) => T): readonly T[] {
    const value = this.#fields[name]
    if (!Array.isArray(value) || value.length > max) return this.#wrong(name)
    return value.map(read)
  }

  strings(name: string, max: number): readonly string[] {
    return this.list(name, max, (element) => (typeof element === 'string' ? element : this.#wrong(name)))
  }

  counts(name: string, max: number): readonly number[] {
    return this.list(name, max, (element) => {
      if (typeof element !== 'number' || !Number.isSafeInteger(element) || element < 0) return this.#wrong(name)
      return element
    })
  }

  /** Parses a field that has a form of its own. */
  parsed<T>(name: string, parse: (text: string) => T | undefined): T {
    return parse(this.string(name)) ?? this.#wrong(name)
  }

  parsedCount<T>(name: string, parse: (value: number) => T | undefined): T {
    return parse(this.count(name)) ?? this.#wrong(name)
  }

  #wrong(name: string): never {
    throw new FrostError('protocol-error', `The field "${name}" of a ${this.#message} message is missing or wrong.`)
  }
}
