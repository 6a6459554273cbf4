// The header of a block's records, which carries the checks of all its columns: asked of one worker after the other.

import { errorCode } from '../base/errors.ts'
import type { DataId, Epoch, GroupId, WorkerId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import { decodeHeader } from '../codec/record.ts'
import type { RecordHeader } from '../codec/record.ts'
import type { Compute } from '../ports/compute.ts'
import type { WorkerLinks } from './worker-link.ts'

const inspectDeadlineMs = 5 * SECOND_MS

export interface BlockHeaderPorts {
  readonly links: Pick<WorkerLinks, 'link'>
  readonly compute: Compute
}

export interface BlockPlace {
  readonly group: GroupId
  readonly dataId: DataId
  readonly block: number
  readonly epoch: Epoch
}

/** `undefined`: none of the sources has it. */
export async function headerOfBlock(
  { links, compute }: BlockHeaderPorts,
  { epoch, ...place }: BlockPlace,
  sources: readonly { readonly column: number; readonly worker: WorkerId }[],
): Promise<RecordHeader | undefined> {
  for (const { column, worker } of sources) {
    const link = links.link(worker)
    if (link === undefined) continue
    try {
      const bytes = await link.inspect({ ...place, column }, epoch, { deadlineMs: inspectDeadlineMs })
      return decodeHeader(compute, bytes, 'protocol-error')
    } catch (error) {
      if (errorCode(error) === undefined) throw error
    }
  }
  return undefined
}
