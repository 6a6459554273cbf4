// Mutations whose answer gets lost, by name: the master under test must repeat them until it knows, and must do nothing twice.

import { FrostError } from '../src/base/errors.ts'
import type { MutationCommand, MutationName, MutationResult, MutationRunner } from '../src/meta/mutations.ts'

/** `unavailable`: it certainly did not happen. The others: the answer is lost, after it happened or without it. */
export type MutationFate = 'commit' | 'unavailable' | 'unknown-committed' | 'unknown-not-committed'

export class FatefulRunner implements MutationRunner {
  readonly #runner: MutationRunner
  readonly #fate: (name: MutationName) => MutationFate

  /** `fate` is asked once for each mutation. */
  constructor(runner: MutationRunner, fate: (name: MutationName) => MutationFate) {
    this.#runner = runner
    this.#fate = fate
  }

  async run<Name extends MutationName>(name: Name, command: MutationCommand<Name>): Promise<MutationResult<Name>> {
    const fate = this.#fate(name)
    if (fate === 'unavailable') throw new FrostError('metadata-unavailable', `Planted: ${name} did not happen.`)
    const result = fate === 'unknown-not-committed' ? undefined : await this.#runner.run(name, command)
    if (fate !== 'commit') throw new FrostError('outcome-unknown', `Planted: the answer to ${name} is lost.`)
    return result as MutationResult<Name>
  }

  close(): Promise<void> {
    return this.#runner.close()
  }
}
