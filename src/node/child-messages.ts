// What a supervisor and its children tell each other over the IPC channel.

/** Child to supervisor. */
export type ChildMessage =
  | { readonly kind: 'ready'; readonly addresses: Readonly<Record<string, string>> }
  | { readonly kind: 'pong' }

/** Supervisor to child. */
export type SupervisorMessage =
  | { readonly kind: 'ping' }
  | {
      readonly kind: 'siblings'
      readonly own: string
      /** The others of its group that run now. */
      readonly others: readonly Sibling[]
    }

/** Another process of the same node. */
export interface Sibling {
  readonly name: string
  readonly addresses: Readonly<Record<string, string>>
}

/** `undefined`: not one of ours. */
export function parseSupervisorMessage(raw: unknown): SupervisorMessage | undefined {
  if (typeof raw !== 'object' || raw === null || !('kind' in raw)) return undefined
  if (raw.kind === 'ping') return { kind: 'ping' }
  if (raw.kind !== 'siblings' || !('own' in raw) || typeof raw.own !== 'string') return undefined
  if (!('others' in raw) || !Array.isArray(raw.others)) return undefined
  const others = raw.others.flatMap((other: unknown) => {
    if (typeof other !== 'object' || other === null || !('name' in other) || !('addresses' in other)) return []
    const addresses = parseAddresses(other.addresses)
    return typeof other.name === 'string' && addresses !== undefined ? [{ name: other.name, addresses }] : []
  })
  return { kind: 'siblings', own: raw.own, others }
}

/** `undefined`: not one of ours. */
export function parseChildMessage(raw: unknown): ChildMessage | undefined {
  if (typeof raw !== 'object' || raw === null || !('kind' in raw)) return undefined
  if (raw.kind === 'pong') return { kind: 'pong' }
  if (raw.kind !== 'ready' || !('addresses' in raw)) return undefined
  const addresses = parseAddresses(raw.addresses)
  return addresses === undefined ? undefined : { kind: 'ready', addresses }
}

function parseAddresses(raw: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined
  const addresses: Record<string, string> = {}
  for (const [name, address] of Object.entries(raw)) {
    if (typeof address === 'string') addresses[name] = address
  }
  return addresses
}
