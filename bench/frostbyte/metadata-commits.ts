// Durable commits per second through MetadataStore, from several clients at a time, and how long one sync takes.

export interface CommitFigures {
  /** Of one `fdatasync` after 4 KiB, the median. */
  readonly syncSeconds: number
  readonly keys: number
  readonly rows: readonly {
    readonly clients: number
    readonly commitsPerSecond: number
    readonly p99Ms: number | undefined
  }[]
}

export async function measureCommits(
  folder: string,
  options: { readonly keys: number; readonly secondsEach: number },
): Promise<CommitFigures> {
  await Promise.resolve()
  throw new Error(`not yet: ${folder} ${options.keys}`)
}
