// Multipart uploads: parts are uploaded as files are, and one version is made of them without moving a byte.

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import type { VersionId } from '../base/ids.ts'
import { endOfTurn } from '../base/steps.ts'
import { joinCrc32 } from '../codec/crc32.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import { partsMax } from '../meta/contract/multipart-metadata.ts'
import type { MultipartName, MultipartRow, PartRow } from '../meta/contract/multipart-metadata.ts'
import type { Extent, NewVersion, Part, VersionRow } from '../meta/contract/version-row.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { DataPath } from './data-path.ts'
import { endMultipart } from './multipart-end.ts'
import { checkName } from './names.ts'
import { objectInfo } from './object-info.ts'
import type { CompleteRequest, ObjectInfo, ObjectUpload, PutPartRequest } from './object-service.ts'
import { PartEnding } from './part-ending.ts'
import { repeatUntilKnown } from './repeat.ts'
import { SharedEnding } from './shared-ending.ts'
import { decidedBy, newVersionId, timed } from './version-ending.ts'
import { describeVersion } from './version-manifest.ts'

export class Multiparts {
  readonly #path: DataPath

  constructor(path: DataPath) {
    this.#path = path
  }

  async create(request: Omit<MultipartRow, 'upload' | 'createdMs' | 'completed'>): Promise<MultipartRow> {
    checkName(request)
    const { ports } = this.#path
    await this.#path.admit(request, { isPart: true })
    const row = { ...request, upload: newVersionId(ports), createdMs: ports.clock.wallMs() }
    await repeatUntilKnown(ports.clock, () => ports.metadata.createMultipart(row))
    return row
  }

  async put(request: PutPartRequest): Promise<ObjectUpload<PartRow>> {
    const { bucket, key, upload, number, trail } = request
    checkPartNumber(number)
    const row = await this.#find(request)
    if (row.completed !== undefined) throw notFound(request)
    // What a transform makes of the size is known at the end.
    const sizeBytes = row.template.transform === undefined ? request.sizeBytes : undefined
    const { room } = await this.#path.admit(request, { sizeBytes, isPart: true })
    return this.#path.upload(request, new PartEnding(this.#path.ports, { bucket, key, upload, number, trail, room }))
  }

  async abort(name: MultipartName): Promise<void> {
    if (!(await endMultipart(this.#path.ports, name))) throw notFound(name)
  }

  async complete(request: CompleteRequest): Promise<ObjectInfo> {
    const { metadata } = this.#path.ports
    const { bucket, key } = request
    const row = await this.#find(request)
    let version = row.completed?.version
    if (version === undefined) {
      try {
        return objectInfo(request, await this.#assemble(request, row))
      } catch (error) {
        if (!(error instanceof CompletedBefore)) throw error
        version = error.version
      }
    }
    // A repeat, whose first answer was lost, or the later one of two at once.
    const made = await metadata.getVersion(bucket, key, version)
    if (made === undefined) throw notFound(request)
    return objectInfo(request, made)
  }

  async #assemble(request: CompleteRequest, row: MultipartRow): Promise<VersionRow> {
    const { ports } = this.#path
    const seen = await this.#path.admit(request, { condition: request.condition, sizeBytes: 0 })
    const rows = await partRows(ports, request)
    const version = this.#describe(request, row, rows)
    const extents = rows.flatMap((part): readonly Extent[] => part.extents)
    const { bucket, key, upload, parts } = request
    const ending = new SharedEnding({
      name: request,
      seen,
      version,
      extents,
      commit: async (all, newData) => {
        const [record, ...others] = newData
        assert(record !== undefined && others.length === 0, 'an empty body is one record')
        const command = {
          bucket,
          key,
          upload,
          parts: parts.map(({ number, id }) => ({ number, id })),
          version,
          newData: [record] as const,
          ...decidedBy(request),
        }
        const { row: made } = await timed(ports, undefined, () => ports.metadata.completeMultipart(command))
        if (made.version !== version.version) throw new CompletedBefore(made.version)
        return { ...made, extents: all, parts: version.parts }
      },
    })
    return await this.#path.upload({ key, sizeBytes: 0 }, ending).finish()
  }

  #describe(
    { sealing }: CompleteRequest,
    { template }: MultipartRow,
    rows: readonly PartRow[],
  ): NewVersion & { readonly parts: readonly Part[] } {
    let crc32 = 0
    let sizeBytes = 0
    let storedBytes = 0
    const parts: Part[] = []
    for (const { number, sizeBytes: length, storedSizeBytes = length, crc32: crc, etag, checksums } of rows) {
      crc32 = joinCrc32(crc32, crc, length)
      sizeBytes += length
      storedBytes += storedSizeBytes
      parts.push({
        number,
        length,
        ...(etag === undefined ? {} : { etag }),
        ...(checksums === undefined ? {} : { checksums }),
      })
    }
    const version = describeVersion({
      version: newVersionId(this.#path.ports),
      modifiedMs: this.#path.ports.clock.wallMs(),
      properties: template,
      body: { sizeBytes: storedBytes, crc32, extents: [] },
      sealing: { logical: { sizeBytes, crc32 }, ...sealing },
    })
    return { ...version, parts }
  }

  async #find(name: MultipartName): Promise<MultipartRow> {
    const { bucket, key, upload } = name
    checkName(name)
    const row = await this.#path.ports.metadata.getMultipart({ bucket, key, upload })
    if (row === undefined) throw notFound(name)
    return row
  }
}

/** Somebody else completed the upload at the same time: the record that was written for this attempt is nobody's. */
class CompletedBefore extends Error {
  override readonly name = 'CompletedBefore'
  readonly version: VersionId

  constructor(version: VersionId) {
    super('The upload was completed before.')
    this.version = version
  }
}

/** Those that the request names, in its order. @throws FrostError `part-invalid`. */
async function partRows(
  { metadata, clock }: { readonly metadata: MetadataStore; readonly clock: Clock },
  request: CompleteRequest,
): Promise<readonly PartRow[]> {
  const { bucket, key, upload, parts } = request
  if (parts.length === 0 || parts.length > partsMax)
    throw new FrostError('part-invalid', `An upload is completed with 1 to ${partsMax} parts.`)
  const found: PartRow[] = []
  let after = 0
  for (let isLast = false; !isLast && found.length < parts.length;) {
    const page = await metadata.listParts({ bucket, key, upload, after, limit: pageLimitMax })
    for (const row of page) {
      const wanted = parts[found.length]
      if (wanted !== undefined && wanted.number === row.number && wanted.id === row.id) found.push(row)
    }
    after = page.at(-1)?.number ?? partsMax
    isLast = page.length < pageLimitMax
    // Embedded metadata does not wait for anything.
    if (!isLast) await endOfTurn(clock)
  }
  const missing = parts[found.length]
  if (missing === undefined) return found
  throw new FrostError('part-invalid', `Part ${missing.number} of the upload ${upload} is not there as it was named.`, {
    remedy: 'Name the parts in ascending order, as they were uploaded last.',
  })
}

export function checkPartNumber(number: number): void {
  if (Number.isInteger(number) && number >= 1 && number <= partsMax) return
  throw new FrostError('bad-request', `Part numbers are 1 to ${partsMax}, and ${number} is none.`)
}

function notFound({ key, upload }: MultipartName): FrostError {
  return new FrostError('upload-not-found', `There is no multipart upload ${upload} of "${key}".`)
}
