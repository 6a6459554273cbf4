// Copies: a version, or a part of a multipart upload, whose bytes are those of another version. The data is shared, not moved: its
// references are counted, so the source can go. A whole copy writes an empty record with its manifest (shared-ending.ts).

import { FrostError } from '../base/errors.ts'
import { versionIdOf } from '../base/ids.ts'
import type { DataRef } from '../meta/contract/conventions.ts'
import type { PartRow } from '../meta/contract/multipart-metadata.ts'
import type { Extent, NewVersion, VersionRow } from '../meta/contract/version-row.ts'
import type { DataPath } from './data-path.ts'
import { VersionReader } from './file-reader.ts'
import { checkPartNumber } from './multiparts.ts'
import { checkName } from './names.ts'
import { objectInfo } from './object-info.ts'
import type { CopyObject, CopyPartRequest, ObjectInfo } from './object-service.ts'
import { crc32Checksum, crcOfRange } from './range-crc.ts'
import { repeatUntilKnown } from './repeat.ts'
import { SharedEnding } from './shared-ending.ts'
import { withSource } from './sources.ts'
import { commitTimed, decidedBy, inBucket, newVersionId } from './version-ending.ts'
import { describeVersion } from './version-manifest.ts'

export class Copies {
  readonly #path: DataPath

  constructor(path: DataPath) {
    this.#path = path
  }

  async copy(request: CopyObject): Promise<ObjectInfo> {
    checkName(request)
    checkName(request.source)
    const { metadata } = this.#path.ports
    const row = await withSource(metadata, request, async (source) => await this.#share(request, source))
    return objectInfo(request, row)
  }

  async #share(request: CopyObject, source: VersionRow): Promise<VersionRow> {
    const { ports } = this.#path
    const { sizeBytes } = source
    const seen = await this.#path.admit(request, { condition: request.condition, sizeBytes })
    const { bucket, key } = request
    const { extentList } = source
    const described = this.#describe(request, source)
    const listed = source.parts === undefined ? {} : { parts: source.parts }
    // A list goes over as it is, with the parts, at the cost of one count.
    const version = extentList === undefined ? { ...described, ...listed } : described
    const extents = extentList === undefined ? source.extents.filter((extent) => extent.length > 0) : []
    const ending = new SharedEnding({
      name: request,
      seen,
      version,
      extents,
      ...(extentList === undefined ? {} : { extentsOf: source.extents.at(-1) }),
      commit: async (all, newData) => {
        const [ownRecord] = all
        const shared =
          extentList === undefined || ownRecord === undefined
            ? { version: { ...version, extents: all }, sharedData: distinctData(extents) }
            : { version: { ...version, extents: [], ownRecord }, shareExtents: extentList }
        const command = { bucket, key, newData, ...shared, ...decidedBy(request), ...inBucket(seen.bucketMs) }
        const commit = async (): Promise<VersionRow> => await commitTimed(ports, command, undefined)
        return await (seen.room === undefined ? commit() : seen.room.take(sizeBytes, commit))
      },
    })
    const row = await this.#path.upload({ key, sizeBytes: 0 }, ending).finish()
    return { ...row, ...listed }
  }

  #describe({ properties, own, sealing = {} }: CopyObject, source: VersionRow): NewVersion {
    const { ports } = this.#path
    const { sizeBytes, storedSizeBytes = sizeBytes, crc32, etag, checksums } = source
    return describeVersion({
      version: newVersionId(ports),
      modifiedMs: ports.clock.wallMs(),
      properties: {
        ...(properties ?? source),
        transform: properties?.transform ?? source.transform,
        owner: own.owner,
        lock: own.lock,
        extra: own.extra,
      },
      body: { sizeBytes: storedSizeBytes, crc32, extents: [] },
      sealing: {
        logical: { sizeBytes, crc32 },
        ...(etag === undefined ? {} : { etag }),
        ...(checksums === undefined ? {} : { checksums }),
        ...sealing,
      },
    })
  }

  async copyPart(request: CopyPartRequest): Promise<PartRow> {
    checkName(request)
    checkName(request.source)
    const { ports } = this.#path
    checkPartNumber(request.number)
    // The source is read where its CRC-32 is to be found out.
    const ended = ports.reads.begin()
    try {
      return await withSource(ports.metadata, request, async (source) => await this.#sharePart(request, source))
    } finally {
      ended()
    }
  }

  async #sharePart(request: CopyPartRequest, source: VersionRow): Promise<PartRow> {
    const { clock, metadata, openUploads } = this.#path.ports
    const { bucket, key, upload, number, sealing, range, hasCrc32 = false } = request
    const { sizeBytes, storedSizeBytes = sizeBytes } = source
    if (range.offset < 0 || range.length < 0 || range.offset + range.length > storedSizeBytes)
      throw new FrostError('range-unsatisfiable', `The range does not lie within "${request.source.key}".`)
    if (source.transform !== undefined && sealing.logical === undefined)
      throw new FrostError('bad-request', 'What a range of transformed bytes stands for was not given.')
    const logicalBytes = sealing.logical?.sizeBytes ?? range.length
    const { room } = await this.#path.admit(request, { sizeBytes: logicalBytes, isPart: true })
    const isWhole = range.offset === 0 && range.length === storedSizeBytes
    const extents = cutExtents(source.extents, range)
    const crc32 = sealing.logical?.crc32 ?? (isWhole ? source.crc32 : await this.#crcOf(request, source, extents))
    const checksums = [...(sealing.checksums ?? []), ...(hasCrc32 ? [crc32Checksum(crc32)] : [])]
    return await openUploads.command(async (commandId) => {
      const part: PartRow = {
        number,
        id: versionIdOf(commandId),
        modifiedMs: clock.wallMs(),
        sizeBytes: logicalBytes,
        ...(logicalBytes === range.length ? {} : { storedSizeBytes: range.length }),
        extents,
        crc32,
        ...(sealing.etag === undefined ? {} : { etag: sealing.etag }),
        ...(checksums.length === 0 ? {} : { checksums }),
        ...(sealing.extra === undefined ? {} : { extra: sealing.extra }),
      }
      const command = { bucket, key, upload, part, newData: [], sharedData: distinctData(extents), commandId }
      const commit = async (): Promise<void> => await repeatUntilKnown(clock, () => metadata.putPart(command))
      await (room === undefined ? commit() : room.take(logicalBytes, commit))
      return part
    })
  }

  async #crcOf(request: CopyPartRequest, source: VersionRow, extents: readonly Extent[]): Promise<number> {
    const { offset } = request.range
    const { readerPorts } = this.#path
    const opened = { row: source, info: objectInfo(request.source, source), ended: () => undefined }
    const reader = new VersionReader(readerPorts, opened)
    try {
      return await crcOfRange(readerPorts, reader, { offset, extents })
    } finally {
      reader.close()
    }
  }
}

/** Each data id once. */
function distinctData(extents: readonly Extent[]): readonly DataRef[] {
  const known = new Map<string, DataRef>()
  for (const { group, dataId } of extents) known.set(`${group}/${dataId}`, { group, dataId })
  return [...known.values()]
}

/** The extents of a range of the bytes that they cover. */
function cutExtents(
  extents: readonly Extent[],
  range: { readonly offset: number; readonly length: number },
): readonly Extent[] {
  const cut: Extent[] = []
  const end = range.offset + range.length
  let start = 0
  for (const extent of extents) {
    const from = Math.max(range.offset, start)
    const to = Math.min(end, start + extent.length)
    if (from < to) cut.push({ ...extent, offset: extent.offset + from - start, length: to - from })
    start += extent.length
  }
  return cut
}
