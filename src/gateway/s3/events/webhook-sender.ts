// Sends messages to webhooks: one POST each, of JSON, signed as https://www.standardwebhooks.com has it where the webhook has a secret.
// Nothing is sent anywhere but to the address that the administrator gave: no redirect is followed, nothing in a bucket's settings is one.

import { SECOND_MS } from '../../../base/units.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Compute } from '../../../ports/compute.ts'
import { HttpFailure } from '../../../ports/http-client.ts'
import type { HttpClient } from '../../../ports/http-client.ts'
import type { Webhook } from './webhook.ts'

export interface SenderPorts {
  readonly clock: Clock
  readonly compute: Compute
  readonly http: HttpClient
}

export interface Sending {
  /** Names the message, at each attempt the same: receivers may know by it what they have had. */
  readonly id: string
  readonly message: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** `failure`: what is said of it in the log. */
export type Outcome =
  | { readonly failure: undefined }
  | { readonly failure: string; readonly retryAfterMs?: number | undefined }

/** How a secret begins whose rest is base64, as Standard Webhooks has them; others are keys as they are. */
const secretPrefix = 'whsec_'

/** Whether a webhook took a message. @throws `signal.reason`. */
export async function sendMessage(ports: SenderPorts, webhook: Webhook, sending: Sending): Promise<Outcome> {
  const { id, message, timeoutMs, signal } = sending
  const { url, token } = webhook
  const body = new TextEncoder().encode(message)
  const timestamp = String(Math.floor(ports.clock.wallMs() / SECOND_MS))
  const headers = {
    'Content-Type': 'application/json',
    'User-Agent': 'FrostByte',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...signatureOf(ports, webhook, `${id}.${timestamp}.${message}`),
  }
  try {
    const { status, retryAfter } = await ports.http.post({ url, headers, body, timeoutMs, signal })
    if (status >= 200 && status <= 299) return { failure: undefined }
    return { failure: `status ${status}`, retryAfterMs: millisecondsOf(retryAfter) }
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error
    return { failure: error.message }
  }
}

function signatureOf(
  { compute }: SenderPorts,
  { secret }: Webhook,
  signed: string,
): { readonly 'webhook-signature'?: string } {
  if (secret === undefined) return {}
  const key = secret.startsWith(secretPrefix)
    ? Buffer.from(secret.slice(secretPrefix.length), 'base64')
    : Buffer.from(secret)
  const signature = Buffer.from(compute.hmacSha256(key, Buffer.from(signed))).toString('base64')
  return { 'webhook-signature': `v1,${signature}` }
}

/** Seconds; dates, which are rare, are passed over. */
function millisecondsOf(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * SECOND_MS : undefined
}
