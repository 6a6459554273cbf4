// Deletion. It is repeated after a broken connection, and may then meet its own success: a file that is not there any more counts as
// deleted. With a condition it is not, because another client's file of that name could be there by now.

import { FrostByteError, isSurelyUndone } from './errors.ts'
import { withRetries } from './retry.ts'
import { fileQuery } from './transport.ts'
import type { RequestOptions, Transport } from './transport.ts'

export interface RemoveOptions extends RequestOptions {
  /** Default: the client's. */
  readonly bucket?: string | undefined
  /** Only where this is the newest version; else `precondition-failed`. */
  readonly ifVersion?: string | undefined
}

export async function remove(transport: Transport, name: string, options: RemoveOptions): Promise<void> {
  const query = fileQuery(name, options.bucket ?? transport.bucket)
  const headers = { 'if-match': options.ifVersion === undefined ? undefined : `"${options.ifVersion}"` }
  const subject = `deletion of "${name}"`
  const mayRepeat = (error: FrostByteError): boolean => options.ifVersion === undefined || isSurelyUndone(error)
  let mayBeDone = false
  await withRetries(transport.policy, { signal: options.signal, mayRepeat }, async () => {
    const watchdog = transport.watchdog(subject, options.signal)
    try {
      const response = await transport.exchange({ method: 'DELETE', path: 'delete', query, headers, subject }, watchdog)
      await response.body?.cancel()
    } catch (error) {
      if (!(error instanceof FrostByteError)) throw error
      if (mayBeDone && error.code === 'file-not-found') return
      mayBeDone ||= !isSurelyUndone(error)
      throw error
    } finally {
      watchdog.close()
    }
  })
}
