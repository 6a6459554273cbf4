// Who sent a request, as far as its signature proves it, and how its body has to be read.

import type { Principal } from '../auth/principal.ts'
import type { SignaturePlace } from './signature/signature-errors.ts'
import type { ChunkChain } from './signature/chunk-chain.ts'
import type { Payload } from './signature/payload.ts'

export interface Sender {
  /** Without a user: nobody signed. */
  readonly principal: Principal
  readonly payload: Payload
  /** Checks the chunks of the body where they are signed. */
  readonly chunks: ChunkChain | undefined
  readonly signature:
    | { readonly version: 'v2' | 'v4'; readonly place: SignaturePlace; readonly signedMs: number | undefined }
    | undefined
}

/** Nobody signed: only what a policy or an ACL opens is open. */
export const nobody: Principal = { grants: new Map(), credential: { kind: 'open' } }

/** Canonical id; `undefined`: nobody is known. */
export function canonicalIdOf({ principal }: Sender): string | undefined {
  return principal.user?.canonicalId
}
