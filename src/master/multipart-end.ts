// Ends a multipart upload: gives its parts back, some in each transaction, until it is gone. What a process that died on the way left is
// half aborted, takes no more parts, and is ended by the expiry task.

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
  let mayHaveEnded = false
  const abort = async (): Promise<boolean> => {
    try {
      const isGone = await metadata.abortMultipart(command)
      mayHaveEnded = true // or begun: who ends the rest meanwhile does it for this one too
      return isGone
    } catch (error) {
      if (errorCode(error) === 'outcome-unknown') mayHaveEnded = true
      throw error
    }
  }
  try {
    while (!(await repeatUntilKnown(clock, abort)));
    return true
  } catch (error) {
    if (errorCode(error) !== 'upload-not-found') throw error
    return mayHaveEnded && (await metadata.getMultipart({ bucket, key, upload }))?.completed === undefined
  }
}
