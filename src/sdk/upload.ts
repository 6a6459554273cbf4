// Uploads. The body is pulled from its source as the connection takes it, so progress counts what has really gone and nothing piles
// up. Repeats are bounded, and only where they are safe:
// - the source can be opened again, or nothing was taken from it;
// - the server refused (then it stored nothing), or the upload has no condition: a second version of the same bytes does no harm.
//   A conditional upload whose outcome is unknown is not repeated: the repeat would fail on its own success.

import { FrostByteError, isSurelyUndone } from './errors.ts'
import { withRetries } from './retry.ts'
import { gather, prepareSource } from './source.ts'
import type { PreparedSource, UploadSource } from './source.ts'
import { fileQuery, readJson } from './transport.ts'
import type { HttpRequest, RequestOptions, Transport } from './transport.ts'
import { UploadBody } from './upload-body.ts'
import type { OnProgress } from './upload-body.ts'
import type { Watchdog } from './watchdog.ts'
import { parseUploaded } from './wire.ts'
import type { FileInfo } from './wire.ts'

export interface UploadOptions extends RequestOptions {
  /** Default: the client's. */
  readonly bucket?: string | undefined
  /** The length, where the source does not tell it; another length is an error, and nothing is stored. */
  readonly sizeBytes?: number | undefined
  /** Default: a Blob's own, else `application/octet-stream`. */
  readonly contentType?: string | undefined
  readonly onProgress?: OnProgress | undefined
  /** Only where there is no file of that name yet; else `precondition-failed`. */
  readonly ifAbsent?: boolean | undefined
  /** Only where this is the newest version; else `precondition-failed`. */
  readonly ifVersion?: string | undefined
}

export async function upload(
  transport: Transport,
  file: { readonly name: string; readonly source: UploadSource },
  options: UploadOptions,
): Promise<FileInfo> {
  const given = prepareSource(file.source)
  const source = transport.streaming || given.whole !== undefined ? given : await gather(given)
  const request = uploadRequest(transport, file.name, source, options)
  let body: UploadBody | undefined
  const mayRepeat = (error: FrostByteError): boolean =>
    (source.replayable || body?.takenBytes === 0) && isRepeatSafe(error, options)
  return withRetries(transport.policy, { signal: options.signal, mayRepeat }, async () => {
    const watchdog = transport.watchdog(request.subject, options.signal)
    body = new UploadBody(source, watchdog, {
      totalBytes: options.sizeBytes ?? source.sizeBytes,
      onProgress: options.onProgress,
    })
    try {
      return await send(transport, request, { body, watchdog, sizeBytes: source.sizeBytes })
    } finally {
      watchdog.close()
      body.close()
    }
  })
}

function uploadRequest(
  transport: Transport,
  name: string,
  source: PreparedSource,
  options: UploadOptions,
): HttpRequest {
  if (options.ifAbsent === true && options.ifVersion !== undefined) {
    throw new FrostByteError('option-invalid', 'an upload takes ifAbsent or ifVersion, not both')
  }
  return {
    method: 'PUT',
    path: 'upload',
    query: { ...fileQuery(name, options.bucket ?? transport.bucket), size: options.sizeBytes ?? source.sizeBytes },
    headers: {
      'content-type': options.contentType ?? source.contentType ?? 'application/octet-stream',
      'if-none-match': options.ifAbsent === true ? '*' : undefined,
      'if-match': options.ifVersion === undefined ? undefined : `"${options.ifVersion}"`,
    },
    subject: `upload of "${name}"`,
  }
}

interface Sending {
  readonly body: UploadBody
  readonly watchdog: Watchdog
  readonly sizeBytes: number | undefined
}

async function send(transport: Transport, request: HttpRequest, sending: Sending): Promise<FileInfo> {
  const { body, watchdog } = sending
  const opened = body.open(transport.streaming)
  const isWhole = !(opened.bytes instanceof ReadableStream)
  try {
    const answer = transport.exchange(request, watchdog, opened)
    if (!UploadBody.isWatched(opened, sending.sizeBytes)) watchdog.stop()
    const response = await answer
    if (isWhole && sending.sizeBytes !== undefined) body.sent(sending.sizeBytes)
    const info = parseUploaded(await readJson(response, watchdog, request.subject), String(request.query?.['bucket']))
    if (info.sizeBytes === body.takenBytes) return info
    const lengths = `${body.takenBytes} bytes were sent, but the server says that it stored ${info.sizeBytes}`
    throw new FrostByteError('length-mismatch', `${request.subject}: ${lengths}`)
  } catch (error) {
    throw body.failure ?? error
  }
}

/** Whether a second sending can do no harm. */
function isRepeatSafe(error: FrostByteError, options: UploadOptions): boolean {
  const isConditional = options.ifAbsent === true || options.ifVersion !== undefined
  return !isConditional || isSurelyUndone(error)
}
