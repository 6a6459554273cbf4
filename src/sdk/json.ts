// Reads parsed JSON of which nothing is known. Whatever is missing or of another type is `response-invalid`, so that an
// address at which something else answers is noticed at once; members that this client does not know are left aside.

import { FrostByteError } from './errors.ts'

export class JsonObject {
  readonly #value: object
  readonly #subject: string

  /** `subject`: what the answer is about, for messages. @throws FrostByteError where `value` is no object. */
  constructor(value: unknown, subject: string) {
    this.#subject = subject
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#invalid('is no JSON object')
    this.#value = value
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name, 'a text')
  }

  /** Absent and null are `undefined`. */
  optionalText(name: string): string | undefined {
    const found = this.#member(name)
    return found === undefined || typeof found === 'string' ? found : this.#missing(name, 'a text')
  }

  number(name: string): number {
    return this.optionalNumber(name) ?? this.#missing(name, 'a number')
  }

  optionalNumber(name: string): number | undefined {
    const found = this.#member(name)
    return found === undefined || typeof found === 'number' ? found : this.#missing(name, 'a number')
  }

  boolean(name: string): boolean {
    const found = this.#member(name)
    return typeof found === 'boolean' ? found : this.#missing(name, 'true or false')
  }

  date(name: string): Date {
    return this.optionalDate(name) ?? this.#missing(name, 'a time')
  }

  /** Absent and null are `false`. */
  flag(name: string): boolean {
    const found = this.#member(name) ?? false
    return typeof found === 'boolean' ? found : this.#missing(name, 'true or false')
  }

  /** A time in ISO 8601. */
  optionalDate(name: string): Date | undefined {
    const text = this.optionalText(name)
    if (text === undefined) return undefined
    const date = new Date(text)
    return Number.isNaN(date.getTime()) ? this.#missing(name, 'a time') : date
  }

  object(name: string): JsonObject {
    return new JsonObject(this.#member(name), `${this.#subject}: "${name}"`)
  }

  optionalObject(name: string): JsonObject | undefined {
    return this.#member(name) === undefined ? undefined : this.object(name)
  }

  array(name: string): readonly unknown[] {
    const found = this.#member(name)
    return Array.isArray(found) ? found : this.#missing(name, 'a list')
  }

  objects(name: string): readonly JsonObject[] {
    return this.array(name).map((entry) => new JsonObject(entry, `${this.#subject}: "${name}"`))
  }

  /** Absent and null are `undefined`. */
  optionalTexts(name: string): readonly string[] | undefined {
    return this.#member(name) === undefined ? undefined : this.texts(name)
  }

  texts(name: string): readonly string[] {
    return this.array(name).map((entry) => (typeof entry === 'string' ? entry : this.#missing(name, 'a list of texts')))
  }

  #member(name: string): unknown {
    const found: unknown = Object.hasOwn(this.#value, name) ? Reflect.get(this.#value, name) : undefined
    return found === null ? undefined : found
  }

  #missing(name: string, type: string): never {
    throw this.#invalid(`lacks "${name}", which should be ${type}`)
  }

  #invalid(what: string): FrostByteError {
    return new FrostByteError('response-invalid', `${this.#subject}: the server’s answer ${what}`, {
      remedy:
        'Check that the address is that of a FrostByte server, and that client and server are of versions that fit.',
    })
  }
}
