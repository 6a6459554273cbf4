export type IndexEntry = readonly [key: Uint8Array, value: Uint8Array]

/**
 * The `Index` port: an ordered map from bytes to bytes, changed only by atomic durable checkpoints. Keys sort as
 * unsigned bytes, shorter first; keys have 1 to 255 bytes, values up to 4,096. Reads are synchronous and see
 * the last finished checkpoint. One instance at a time has an index open.
 */
export interface Index {
  /** A copy that the caller owns, or `undefined`. */
  get(key: Uint8Array): Uint8Array | undefined
  /** Entries with `from` ≤ key < `to`, in order, at most `limit`, as copies that the caller owns. */
  range(options: { readonly from: Uint8Array; readonly to?: Uint8Array; readonly limit: number }): readonly IndexEntry[]
  /** How many entries there are. */
  count(): number
  /**
   * Applies all changes in one transaction; `undefined` removes. Durable, all of it, when it resolves. After a crash before
   * that, either all or nothing of it is there. Buffers are read before it returns. One at a time.
   * @throws FrostError `disk-failed`: nothing was applied, as far as is known; the index must be closed.
   */
  checkpoint(changes: readonly (readonly [key: Uint8Array, value: Uint8Array | undefined])[]): Promise<void>
  /** Can be called twice. */
  close(): Promise<void>
}

/** Makes indexes. A missing or damaged index is no disaster: the log is the truth, and rebuilds it. */
export interface IndexFactory {
  /** Opens or creates the index `name` in the node's directory. `damaged`: it cannot be read; remove it and open again. */
  open(name: string): Promise<Index | 'damaged'>
  /** Removes the index `name`; durable when it resolves. No error where there is none. */
  remove(name: string): Promise<void>
}
