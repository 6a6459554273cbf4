import type { Decided } from '../../src/ports/key-value.ts'
import { MemoryMap } from '../ports/key-value.ts'

type Changes = Decided<unknown>['changes']

/** A map on a disk that lies: it can forget what it decided last. */
export class ForgetfulMap extends MemoryMap {
  /** How to take back each of the last decisions. */
  readonly #undo: Changes[] = []

  override apply(decided: Decided<unknown>): void {
    if (decided.changes.length > 0) {
      this.#undo.push(decided.changes.map(([key]) => [key, this.get(key)] as const))
      if (this.#undo.length > 100) this.#undo.shift()
    }
    super.apply(decided)
  }

  forget(count: number): void {
    for (const changes of this.#undo.splice(-count).toReversed()) super.apply({ changes, result: undefined })
  }
}
