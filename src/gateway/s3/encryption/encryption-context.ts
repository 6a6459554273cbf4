// The encryption context of SSE-KMS, as the client sends it: a JSON object in base64, of names and values that are bound to the wrapped
// data key (encryption/object-context.ts). They are no secret, and are stored with it.

import { S3Error } from '../s3-error.ts'
import { parseBase64 } from '../../http/base64.ts'

const header = 'x-amz-server-side-encryption-context'
/** Of KMS: the context in JSON has at most 8 KiB. */
const contextBytesMax = 8192
const pairsMax = 500
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

function invalid(problem: string): S3Error {
  return new S3Error('InvalidArgument', `The header ${header} ${problem}.`, { fields: { ArgumentName: header } })
}
