import { errorCode } from '../base/errors.ts'
import type { MultipartName } from '../meta/contract/multipart-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import { repeatUntilKnown } from './repeat.ts'

/** After all beginnings, whatever calendar they were by. */
export const farFutureMs = 1e14

export interface MultipartEndPorts {
  readonly metadata: MetadataStore
  readonly clock: Clock
}

/**
 * Gives back what a multipart upload holds, and forgets it; false: there was none. What a crash leaves half done is ended by
 * multipart-expiry-task.ts. `forgets`: also one that is completed.
 */
export async function endMultipart(
  { metadata, clock }: MultipartEndPorts,
  { bucket, key, upload }: MultipartName,
  forgets?: 'forgets',
): Promise<boolean> {
  const command = { bucket, key, upload, ...(forgets === undefined ? {} : { forgets: true as const }) }
  try {
    while (!(await repeatUntilKnown(clock, () => metadata.abortMultipart(command))));
    return true
  } catch (error) {
    if (errorCode(error) === 'upload-not-found') return false
    throw error
  }
}
