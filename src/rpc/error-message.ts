// How an error travels in the header of an `error` or `refusal` frame: code, message, remedy and, for a 503, when a
// repeat is worth it. A code that this version does not know becomes `internal`: nobody can say whether a repeat of it is safe.

import { FrostError, isErrorCode } from '../base/errors.ts'
import { WireReader, WireWriter } from './wire.ts'

const codeBytesMax = 64
const textBytesMax = 2048
const messageBytesMax = 5000
const secondsMax = 0xffff

export function encodeError(error: FrostError): Uint8Array {
  const seconds = error.retryAfterSeconds
  return new WireWriter('error', messageBytesMax)
    .string(error.code, codeBytesMax)
    .string(cut(error.message), textBytesMax)
    .optional(error.remedy, (writer, remedy) => writer.string(cut(remedy), textBytesMax))
    .optional(seconds, (writer, value) => writer.u16(Math.min(secondsMax, Math.max(0, Math.round(value)))))
    .finish()
}

/** @throws FrostError `protocol-error` where `bytes` are none. */
export function decodeError(bytes: Uint8Array): FrostError {
  const reader = new WireReader('error', bytes)
  const code = reader.string(codeBytesMax)
  const message = reader.string(textBytesMax)
  const remedy = reader.optional(() => reader.string(textBytesMax))
  const retryAfterSeconds = reader.optional(() => reader.u16())
  reader.end()
  const options = {
    ...(remedy === undefined ? {} : { remedy }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
  if (isErrorCode(code)) return new FrostError(code, message, options)
  return new FrostError('internal', `${message} (${code}, an error that this version does not know)`, options)
}

/** At most four bytes a character, well-formed. */
function cut(text: string): string {
  return text.slice(0, textBytesMax / 4).toWellFormed()
}
