// What was read from headers Authorization: a client repeats all of it but the signature in each of its requests of a day, so it is
// read once. Bounded, since nobody has proved anything yet when it is read: so many of them, none longer than clients write; the oldest
// goes first.

import type { Authorization } from './header-signature.ts'

const keptMax = 1_024
const headLengthMax = 1_024
const signatureLength = 64

export class KnownAuthorizations {
  /** By the header without the signature, with which it ends. */
  readonly #kept = new Map<string, Authorization>()

  get keptCount(): number {
    return this.#kept.size
  }

  /** What `header` says, where all but its signature was read before, for this service. */
  find(header: string, service: string): Authorization | undefined {
    const known = this.#kept.get(header.slice(0, -signatureLength))
    if (known === undefined || known.scope.service !== service) return undefined
    return { ...known, signature: header.slice(-signatureLength) }
  }

  /** Only where it ends with the signature. */
  keep(header: string, parsed: Authorization): void {
    const head = header.slice(0, -signatureLength)
    if (head.length > headLengthMax || !head.endsWith('Signature=') || !header.endsWith(parsed.signature)) return
    if (parsed.signature.length !== signatureLength) return
    const [oldest] = this.#kept.keys()
    if (this.#kept.size >= keptMax && oldest !== undefined) this.#kept.delete(oldest)
    this.#kept.set(head, parsed)
  }
}
