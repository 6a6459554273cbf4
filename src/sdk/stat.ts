// What is known of a file, without its bytes. The answer to HEAD has no body, so an error in it has no problem document: the first
// byte is asked for instead, whose refusal says why.

import { FrostByteError } from './errors.ts'
import { parseContentRange } from './range.ts'
import { withRetries } from './retry.ts'
import { fileQuery } from './transport.ts'
import type { HttpRequest, RequestOptions, Transport } from './transport.ts'
import type { Watchdog } from './watchdog.ts'
import { parseFileHeaders } from './wire.ts'
import type { FileInfo } from './wire.ts'

export async function stat(
  transport: Transport,
  file: { readonly name: string; readonly bucket: string },
  options: RequestOptions,
): Promise<FileInfo> {
  const subject = `look-up of "${file.name}"`
  const headers = { 'accept-encoding': 'identity' } // The length is that of the stored bytes.
  const request = {
    method: 'HEAD',
    path: 'download',
    query: fileQuery(file.name, file.bucket),
    headers,
    subject,
  } as const
  return withRetries(transport.policy, { signal: options.signal }, async () => {
    const watchdog = transport.watchdog(subject, options.signal)
    try {
      const response = await askAgainWhy(transport, request, watchdog)
      const range = parseContentRange(response.headers.get('content-range'))
      const length = response.headers.get('content-length') ?? ''
      if (range === undefined && !/^\d{1,15}$/.test(length)) {
        throw new FrostByteError('response-invalid', `${subject}: the server did not tell the file’s length`)
      }
      return parseFileHeaders(response.headers, { ...file, sizeBytes: range?.sizeBytes ?? Number(length) })
    } finally {
      watchdog.close()
    }
  })
}

async function askAgainWhy(transport: Transport, request: HttpRequest, watchdog: Watchdog): Promise<Response> {
  try {
    return await transport.exchange(request, watchdog)
  } catch (error) {
    if (!(error instanceof FrostByteError) || error.status === undefined) throw error
    const headers = { ...request.headers, range: 'bytes=0-0' }
    const response = await transport.exchange({ ...request, method: 'GET', headers }, watchdog)
    await response.body?.cancel()
    return response
  }
}
