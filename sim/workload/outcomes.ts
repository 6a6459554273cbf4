// What came of a client's requests: counted by kind, and a defect where one failed as nothing should.

import { errorCode } from '../../src/base/errors.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import type { ClientWorld } from './client.ts'
import { ConnectionLost } from './session.ts'

/** Errors that tell of a defect, whatever is broken around. */
const defectCodes: ReadonlySet<ErrorCode | undefined> = new Set([
  undefined,
  'internal',
  'protocol-error',
  'fragment-conflict',
  'bad-request',
  'peer-refused',
  'version-unsupported',
  'foreign-cluster',
])

export class Outcomes {
  readonly #parts: Pick<ClientWorld, 'cluster' | 'counts' | 'defects'>
  readonly #name: string

  constructor(parts: Pick<ClientWorld, 'cluster' | 'counts' | 'defects'>, name: string) {
    this.#parts = parts
    this.#name = name
  }

  /** Whether it certainly did not happen. */
  failed(error: unknown, request: string): 'no' | 'unknown' {
    if (error instanceof ConnectionLost) {
      this.count(`${request}: connection lost`)
      return 'unknown'
    }
    const code = errorCode(error)
    this.count(`${request}: ${code ?? 'defect'}`)
    if (defectCodes.has(code)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.defect(`a ${request} failed as nothing should: ${text}`)
    }
    return code === 'outcome-unknown' || code === undefined || code === 'internal' ? 'unknown' : 'no'
  }

  defect(text: string): void {
    this.#parts.defects.add(`${Math.round(this.#parts.cluster.time.nowMs)} ms, ${this.#name}: ${text}`)
  }

  count(what: string): void {
    const { counts } = this.#parts
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
}
