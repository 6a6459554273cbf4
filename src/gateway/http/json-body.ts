// Small JSON bodies: an object of named fields, within bounds of length and time. What a call does not take is refused by its name, so
// that a mistyped field is not taken for its absence.

import { FrostError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { clientGone } from './upload-body.ts'
import type { Exchange } from './exchange.ts'

const bodyBytesMax = 64 * 1024
const bodyTimeoutMs = 10_000
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @throws FrostError `bad-request`, `body-too-large`, `request-timeout`, `upload-aborted`, `media-type-unsupported`. */
export async function receiveJson(exchange: Exchange, clock: Clock): Promise<JsonFields> {
  const mediaType = exchange.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (mediaType !== 'application/json') {
    throw new FrostError('media-type-unsupported', 'The body is not announced as JSON.', {
      remedy: 'Send it with Content-Type: application/json.',
    })
  }
  return new JsonFields(parseObject(await receiveWhole(exchange, clock, bodyBytesMax)))
}

/** A small body of any kind. @throws FrostError `body-too-large`, `request-timeout`, `upload-aborted`. */
export async function receiveWhole(exchange: Exchange, clock: Clock, bytesMax: number): Promise<Uint8Array> {
  if (!exchange.hasBody) return new Uint8Array(0)
  const slices: Uint8Array[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = clock.startTimer(bodyTimeoutMs, () => {
    reject(new FrostError('request-timeout', 'The body did not arrive in time.'))
  })
  exchange.onClose(() => reject(clientGone()))
  exchange.acceptBody()
  exchange.request.on('data', (slice: Uint8Array) => {
    exchange.bytesReceived += slice.length
    if (exchange.bytesReceived <= bytesMax) slices.push(slice)
    else reject(new FrostError('body-too-large', `The body has more than ${bytesMax} bytes.`))
  })
  exchange.request.on('end', resolve)
  try {
    await promise
  } finally {
    timer.cancel()
  }
  return Buffer.concat(slices)
}

function parseObject(bytes: Uint8Array): ReadonlyMap<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch {
    throw new FrostError('bad-request', 'The body is not JSON in UTF-8.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FrostError('bad-request', 'The body is not a JSON object.')
  return new Map(Object.entries(value))
}

/** The fields of a body, each taken once; `end` refuses what is left. `null` counts as absent. */
export class JsonFields {
  readonly #left: Map<string, unknown>

  constructor(fields: ReadonlyMap<string, unknown>) {
    this.#left = new Map(fields)
  }

  text(name: string): string | undefined {
    const value = this.#take(name)
    if (value === undefined || typeof value === 'string') return value
    throw wrongField(name, 'text')
  }

  /** @throws FrostError `bad-request` where it is absent. */
  requiredText(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw new FrostError('bad-request', `The body has no field ${JSON.stringify(name)}.`)
    return value
  }

  flag(name: string): boolean | undefined {
    const value = this.#take(name)
    if (value === undefined || typeof value === 'boolean') return value
    throw wrongField(name, 'true or false')
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.#take(name)
    if (value === undefined) return undefined
    const found = choices.find((choice) => choice === value)
    if (found === undefined) throw wrongField(name, `one of ${choices.join(', ')}`)
    return found
  }

  texts(name: string): readonly string[] | undefined {
    const value = this.#take(name)
    if (value === undefined) return undefined
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
      throw wrongField(name, 'a list of texts')
    return value
  }

  /** ISO 8601 in UTC, as `2027-01-31T12:00:00Z`; in milliseconds since 1970. */
  time(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const timeMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/.test(text) ? new Date(text).getTime() : Number.NaN
    if (Number.isNaN(timeMs)) throw wrongField(name, 'a time in UTC, as 2027-01-31T12:00:00Z')
    return timeMs
  }

  wholeNumber(name: string): number | undefined {
    const value = this.#take(name)
    if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value))) return value
    throw wrongField(name, 'a whole number')
  }

  /** @throws FrostError `bad-request`: there are other fields. */
  end(): void {
    const [name] = this.#left.keys()
    if (name === undefined) return
    throw new FrostError('bad-request', `The call takes no field ${JSON.stringify(name)}.`, { remedy: 'Leave it out.' })
  }

  #take(name: string): unknown {
    const value = this.#left.get(name)
    this.#left.delete(name)
    return value === null ? undefined : value
  }
}

function wrongField(name: string, expects: string): FrostError {
  return new FrostError('bad-request', `The field ${JSON.stringify(name)} of the body is not ${expects}.`)
}
