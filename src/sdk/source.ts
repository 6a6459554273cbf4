// What can be uploaded, brought to one form: a function that opens the bytes from their start. A source that can be opened again
// makes an upload repeatable after a broken connection; a stream cannot, once something was taken from it.

import { FrostByteError, messageOf } from './errors.ts'
import { iterate } from './slices.ts'

/** Opened once for each time the body is sent. */
export interface ReplayableSource {
  /** Where it is known; the server refuses a body of another length. */
  readonly sizeBytes?: number | undefined
  open(): AsyncIterable<Uint8Array>
}

/** A text is sent as UTF-8. Bytes must not change before the upload settles. */
export type UploadSource =
  | Uint8Array
  | string
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | ReplayableSource

export interface PreparedSource {
  readonly sizeBytes: number | undefined
  readonly replayable: boolean
  readonly contentType: string | undefined
  /** The whole, where it can be handed to fetch as it is. */
  readonly whole: Uint8Array<ArrayBuffer> | Blob | undefined
  open(): AsyncIterator<Uint8Array>
}

/** Larger slices are cut, so that progress shows and nothing is queued in one piece. */
const sliceBytesMax = 256 * 1024

export function prepareSource(source: UploadSource): PreparedSource {
  if (typeof source === 'string') return preparedBytes(new TextEncoder().encode(source))
  if (source instanceof Uint8Array) return preparedBytes(overArrayBuffer(source))
  if (source instanceof Blob) {
    return preparedBlob(source)
  }
  if (typeof source === 'object' && source !== null) {
    if ('open' in source && typeof source.open === 'function') {
      const open = (): AsyncIterator<Uint8Array> => cut(source.open()[Symbol.asyncIterator]())
      return { sizeBytes: source.sizeBytes, replayable: true, contentType: undefined, whole: undefined, open }
    }
    if (source instanceof ReadableStream) return preparedOnce(() => iterate(source))
    if (Symbol.asyncIterator in source) return preparedOnce(() => source[Symbol.asyncIterator]())
  }
  throw new FrostByteError(
    'option-invalid',
    'the source of the upload is neither bytes, text, Blob, stream nor an async iterable',
  )
}

/** Reads the source to its end, into memory that the browser may keep on disk. */
export async function gather(source: PreparedSource): Promise<PreparedSource> {
  const parts: Blob[] = []
  const slices = source.open()
  for (;;) {
    const next = await readSlice(slices)
    if (next === undefined) return preparedBlob(new Blob(parts))
    parts.push(new Blob([overArrayBuffer(next)]))
  }
}

/** The next slice; `undefined` at the end. @throws FrostByteError `local-failed` for whatever the source throws. */
export async function readSlice(slices: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  let next: IteratorResult<Uint8Array>
  try {
    next = await slices.next()
  } catch (error) {
    if (error instanceof FrostByteError) throw error
    throw new FrostByteError('local-failed', `the source of the upload failed: ${messageOf(error)}`, { cause: error })
  }
  return next.done === true ? undefined : next.value
}

function preparedBytes(bytes: Uint8Array<ArrayBuffer>): PreparedSource {
  return {
    sizeBytes: bytes.length,
    replayable: true,
    contentType: undefined,
    whole: bytes,
    open: () => cut(justOne(bytes)),
  }
}

function preparedBlob(blob: Blob): PreparedSource {
  const contentType = blob.type === '' ? undefined : blob.type
  return { sizeBytes: blob.size, replayable: true, contentType, whole: blob, open: () => cut(iterate(blob.stream())) }
}

function preparedOnce(open: () => AsyncIterator<Uint8Array>): PreparedSource {
  return { sizeBytes: undefined, replayable: false, contentType: undefined, whole: undefined, open: () => cut(open()) }
}

async function* justOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function* cut(slices: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  let ended = false
  try {
    for (;;) {
      const next = await slices.next()
      if (next.done === true) break
      const slice: unknown = next.value
      if (!(slice instanceof Uint8Array)) {
        throw new FrostByteError('option-invalid', 'the source of the upload gave something that is no Uint8Array', {
          remedy: 'Encode texts first, with TextEncoder or, for a Node.js stream, by leaving its encoding unset.',
        })
      }
      for (let start = 0; start < slice.length; start += sliceBytesMax)
        yield slice.subarray(start, start + sliceBytesMax)
    }
    ended = true
  } finally {
    if (!ended) await slices.return?.()
  }
}

/** fetch takes no shared memory. */
function overArrayBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : bytes.slice()
}
