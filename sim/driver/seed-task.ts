/** What a process of the pool is asked, and what it answers. */
export interface SeedTask {
  readonly seed: number
  readonly plant?: string
}

export interface SeedAnswer {
  readonly task: SeedTask
  readonly defects: readonly string[]
  readonly hash: string
  readonly events: number
  readonly virtualMs: number
  /** Of this process, for all that it ran. */
  readonly cpuMs: number
  readonly counts: readonly (readonly [string, number])[]
}
