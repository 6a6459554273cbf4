// The store in MongoDB as a whole, while it is filled or emptied: its state is in the guard, so that no master works on half of it, and
// masters that run are refused from the moment on at which the state changes.

import { FrostError } from '../../base/errors.ts'
import type { KeyValueEntry } from '../../ports/key-value.ts'
import type { ReadRange } from './copy-rows.ts'
import type { Commit, Guard, RowServer, StoreState } from './row-server.ts'

export class ImportedStore {
  readonly #server: RowServer
  readonly #name: string
  #guard: Guard

  private constructor(server: RowServer, name: string, guard: Guard) {
    this.#server = server
    this.#name = name
    this.#guard = guard
  }

  /** `name`: unique among all who commit. */
  static async open(server: RowServer, name: string): Promise<ImportedStore> {
    return new ImportedStore(server, name, (await server.barrier()).guard)
  }

  get state(): StoreState {
    return this.#guard.state
  }

  readonly read: ReadRange = async (range) => {
    const { time } = await this.#server.barrier()
    return await this.#server.range({ ...range, keysOnly: false }, time)
  }

  async isEmpty(): Promise<boolean> {
    return (await this.read({ from: '\x01', to: '\xff\xff', limit: 1 })).length === 0
  }

  async setState(state: StoreState): Promise<void> {
    await this.#commit(new Map(), state)
  }

  async write(rows: readonly KeyValueEntry[]): Promise<void> {
    await this.#commit(new Map(rows))
  }

  /** Removes every row. */
  async clear(): Promise<void> {
    for (;;) {
      const rows = await this.read({ from: '\x01', to: '\xff\xff', limit: 1_000 })
      if (rows.length === 0) return
      await this.#commit(new Map(rows.map(([key]) => [key, undefined])))
    }
  }

  async #commit(changes: Commit['changes'], state = this.#guard.state): Promise<void> {
    const from = this.#guard
    const number = from.number + 1
    const to = { ...from, number, commit: `${this.#name}.${number}`, state }
    await this.#server.commit({ from, to, changes })
    const { guard } = await this.#server.barrier()
    if (guard.commit !== to.commit)
      throw new FrostError('precondition-failed', 'Somebody else changes the metadata in MongoDB.', {
        remedy: 'Stop all masters that use it, and run the command again.',
      })
    this.#guard = to
  }
}
