// The encryption context of SSE-KMS: names and values that are bound to the wrapped data key, so that it opens only together with them.
// The client sends them as a JSON object in base64; the object's ARN is added, as S3 does it. They are no secret, and are stored with it.

import { S3Error } from '../s3-error.ts'
import { parseBase64 } from '../../http/base64.ts'

const header = 'x-amz-server-side-encryption-context'
/** Of KMS: the context in JSON has at most 8 KiB. */
const contextBytesMax = 8192
const pairsMax = 500
/** The name that S3 itself gives. */
const ownName = 'aws:s3:arn'
const text = new TextEncoder()
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The value of the header; absent: an empty context. @throws S3Error `InvalidArgument`. */
export function parseEncryptionContext(value: string | undefined): ReadonlyMap<string, string> {
  if (value === undefined) return new Map()
  const bytes = value.length <= 2 * contextBytesMax ? parseBase64(value) : undefined
  if (bytes === undefined || bytes.length > contextBytesMax) throw invalid('must be base64 of at most 8 KiB of JSON')
  let parsed: unknown
  try {
    parsed = JSON.parse(utf8.decode(bytes))
  } catch {
    throw invalid('is not JSON')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw invalid('must be a JSON object')
  const context = new Map<string, string>()
  for (const [name, entry] of Object.entries(parsed)) {
    if (typeof entry !== 'string') throw invalid('must have texts as values')
    if (name.startsWith('aws:')) throw invalid('may not have names that start with aws:')
    if (!name.isWellFormed() || !entry.isWellFormed()) throw invalid('must be Unicode text')
    context.set(name, entry)
  }
  if (context.size > pairsMax) throw invalid(`must have at most ${pairsMax} names`)
  return context
}

/** What a wrapped key is bound to: pairs in the order of their names, each text with its length (u32, big-endian) before it. */
export function contextBytes(pairs: ReadonlyMap<string, string>): Uint8Array<ArrayBuffer> {
  const texts = [...pairs]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .flat()
    .map((part) => text.encode(part))
  const bytes = new Uint8Array(texts.reduce((sum, part) => sum + 4 + part.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const part of texts) {
    view.setUint32(at, part.length)
    bytes.set(part, at + 4)
    at += 4 + part.length
  }
  return bytes
}

/** The whole context of an object's key: what the client gave, and whose key it is. */
export function objectContext(
  { bucket, key }: { readonly bucket: string; readonly key: string },
  given: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  return new Map([...given, [ownName, `arn:aws:s3:::${bucket}/${key}`]])
}

function invalid(problem: string): S3Error {
  return new S3Error('InvalidArgument', `The header ${header} ${problem}.`, { fields: { ArgumentName: header } })
}
