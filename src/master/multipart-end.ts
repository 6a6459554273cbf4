import { errorCode } from '../base/errors.ts'
import type { MultipartName } from '../meta/contract/multipart-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import { repeatUntilKnown } from './repeat.ts'

export interface MultipartEndPorts {
  readonly metadata: MetadataStore
  readonly clock: Clock
}

/** Gives back what a multipart upload holds, and forgets it; false: there was none. What a crash leaves the expiry task ends. */
export async function endMultipart({ metadata, clock }: MultipartEndPorts, name: MultipartName): Promise<boolean> {
  const { bucket, key, upload } = name
  try {
    while (!(await repeatUntilKnown(clock, () => metadata.abortMultipart({ bucket, key, upload }))));
    return true
  } catch (error) {
    if (errorCode(error) === 'upload-not-found') return false
    throw error
  }
}
