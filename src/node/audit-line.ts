// One decision as one line of JSON, its fields always in the same order. JSON escapes what would end a line or a field; what a terminal
// or a viewer would act on (control and format characters, line and paragraph separators) is escaped too, so that nothing a client sends
// can pass for another line, another field, or other text.

import type { AuditEntry } from '../ports/audit.ts'

/** Without a line feed at its end. */
export function formatAuditLine(entry: AuditEntry): string {
  const { wallMs, requestId, decision, action, bucket, key, user, credential, credentialId, address, reason } = entry
  return escape(
    JSON.stringify({
      time: new Date(wallMs).toISOString(),
      requestId,
      decision,
      action,
      user: user ?? null,
      credential,
      credentialId: credentialId ?? null,
      address,
      bucket: bucket ?? null,
      key: key ?? null,
      reason,
    }),
  )
}

/** Lines that could not be written, as a line. */
export function formatLostLine(wallMs: number, lost: number): string {
  return JSON.stringify({ time: new Date(wallMs).toISOString(), lost, reason: 'lines could not be written' })
}

function escape(json: string): string {
  return json.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    let escaped = ''
    for (let index = 0; index < character.length; index++)
      escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`
    return escaped
  })
}
