// Opens the embedded metadata store of a data folder whose cluster does not run.

import type { MetadataStore } from '../../src/meta/metadata-store.ts'

export async function openMetadata(folder: string): Promise<MetadataStore> {
  await Promise.resolve()
  throw new Error(`not wired yet: ${folder}`)
}
