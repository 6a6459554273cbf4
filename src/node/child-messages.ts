// What a supervisor and its children tell each other over the IPC channel.

/** Child to supervisor. */
export type ChildMessage =
  | { readonly kind: 'ready'; readonly addresses: Readonly<Record<string, string>> }
  | { readonly kind: 'pong' }

/** Supervisor to child. */
export interface SupervisorMessage {
  readonly kind: 'ping'
}

/** `undefined`: not one of ours. */
export function parseChildMessage(raw: unknown): ChildMessage | undefined {
  if (typeof raw !== 'object' || raw === null || !('kind' in raw)) return undefined
  if (raw.kind === 'pong') return { kind: 'pong' }
  if (raw.kind !== 'ready' || !('addresses' in raw) || typeof raw.addresses !== 'object' || raw.addresses === null) {
    return undefined
  }
  const addresses: Record<string, string> = {}
  for (const [name, address] of Object.entries(raw.addresses)) {
    if (typeof address === 'string') addresses[name] = address
  }
  return { kind: 'ready', addresses }
}
