export interface PrepareOptions {
  readonly folder: string
  readonly keys: number
  readonly cache: string
  readonly onProgress: (text: string) => void
}

export async function prepareMetadata(options: PrepareOptions): Promise<void> {
  await Promise.resolve()
  throw new Error(`not yet: ${options.folder}`)
}
