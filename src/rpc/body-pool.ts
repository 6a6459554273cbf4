// Memory for the bodies of received frames. A frame of 64 KiB or more is received into memory from a pool, because
// fresh memory is the dearest thing on this path; the pool's size is the bound on what all peers together can make
// this process hold. Smaller bodies have a pool of their own inside src/rpc.

/** Memory on loan. */
export interface BodyMemory {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Gives the memory back; nobody may touch `bytes` afterwards. Called exactly once. */
  release(): void
}

export interface BodyPool {
  /**
   * Memory of exactly `lengthBytes` (65,536 to the frame limit), its content undefined. `undefined`: all is on loan
   * (then `whenFree`).
   */
  acquire(lengthBytes: number): BodyMemory | undefined
  /**
   * Calls `callback` once, in a later turn or at once, when `acquire(lengthBytes)` may succeed. First come, first served. The
   * function that it returns takes the wish back.
   */
  whenFree(lengthBytes: number, callback: () => void): () => void
}
