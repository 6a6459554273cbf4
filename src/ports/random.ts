/** Random numbers. The real one is cryptographic; the simulated one is seeded. */
export interface Random {
  /** A fresh buffer that the caller owns. `count` ≤ 65,536. */
  bytes(count: number): Uint8Array<ArrayBuffer>
  /** An even choice from 0 to `bound - 1`; `bound` from 1 to 2^32. */
  below(bound: number): number
  /** From 0 up to, not including, 1. */
  float(): number
}
