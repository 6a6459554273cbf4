// Has the workers read and check every piece of a file where it lies, by pages of blocks.

import { FrostError } from '../base/errors.ts'
import type { WorkerId } from '../base/ids.ts'
import { MINUTE_MS } from '../base/units.ts'
import { expectedBlocks } from '../codec/expected-fragments.ts'
import { slotOf } from '../codec/geometry.ts'
import type { Extent, VersionRow } from '../meta/contract/version-row.ts'
import type { FragmentId } from '../rpc/messages/fragment-sets.ts'
import { fragmentsPerVerify } from '../rpc/messages/verify.ts'
import type { FragmentState } from '../rpc/messages/verify.ts'
import type { BlockReaderPorts } from './block-reader.ts'
import { fileInfo } from './file-info.ts'
import type { VerifyPage, VerifyProblem, VerifyRequest } from './file-service.ts'

const deadlineMs = MINUTE_MS

interface Piece extends FragmentId {
  readonly group: Extent['group']
  readonly worker: WorkerId
  /** Counted over the whole file. */
  readonly fileBlock: number
}

export async function verifyFile(
  ports: Pick<BlockReaderPorts, 'links' | 'groupNow' | 'standIns'>,
  request: VerifyRequest,
  row: VersionRow,
): Promise<VerifyPage> {
  const { pieces, blocks, hasMore } = await piecesOf(ports, request, row)
  const problems: VerifyProblem[] = []
  let good = 0
  const places = Map.groupBy(pieces, ({ group, worker }) => `${group} ${worker}`)
  await Promise.all(
    [...places.values()].map(async (place) => {
      for (let at = 0; at < place.length; at += fragmentsPerVerify) {
        const batch = place.slice(at, at + fragmentsPerVerify)
        const states = await verifyBatch(ports, batch)
        for (const [index, { fileBlock, column, worker }] of batch.entries()) {
          const state = states[index] ?? 'unknown'
          if (state === 'good') good++
          else problems.push({ block: fileBlock, column, worker, state })
        }
      }
    }),
  )
  problems.sort((left, right) => left.block - right.block || left.column - right.column)
  const next = hasMore ? request.after + blocks : undefined
  return { info: fileInfo(request, row), blocks, good, problems, next }
}

async function piecesOf(
  { groupNow, standIns }: Pick<BlockReaderPorts, 'groupNow' | 'standIns'>,
  { after, limit }: VerifyRequest,
  row: VersionRow,
): Promise<{ readonly pieces: readonly Piece[]; readonly blocks: number; readonly hasMore: boolean }> {
  const pieces: Piece[] = []
  let fileBlock = -1
  for (const { group, dataId, scheme, chunkSizeBytes, dataLengthBytes } of row.extents) {
    const known = groupNow(group)
    if (known === undefined)
      throw new FrostError('data-unavailable', `Placement group ${group} is not known yet.`, { retryAfterSeconds: 1 })
    for (const { block, geometry } of expectedBlocks({
      dataId,
      scheme,
      chunkSizeBytes,
      lengthBytes: dataLengthBytes,
    })) {
      fileBlock++
      if (fileBlock <= after) continue
      if (fileBlock > after + limit) return { pieces, blocks: limit, hasMore: true }
      const others = await standIns({ group, dataId }, block)
      for (const column of geometry.columns()) {
        const standIn = others.find((other) => other.column === column)?.worker
        const holder = known.slots[slotOf(scheme, dataId, block, column)]?.worker
        const worker = standIn ?? holder
        if (worker !== undefined) pieces.push({ group, dataId, block, column, worker, fileBlock })
      }
    }
  }
  return { pieces, blocks: Math.max(0, fileBlock - after), hasMore: false }
}

/** All of one group and worker. */
async function verifyBatch(
  { links }: Pick<BlockReaderPorts, 'links'>,
  batch: readonly Piece[],
): Promise<readonly FragmentState[]> {
  const [first] = batch
  const link = first === undefined ? undefined : links.link(first.worker)
  if (first === undefined || link === undefined) return []
  const fragments = batch.map(({ dataId, block, column }) => ({ dataId, block, column }))
  try {
    return await link.verify({ group: first.group, fragments }, { deadlineMs })
  } catch (error) {
    if (error instanceof FrostError) return []
    throw error
  }
}
