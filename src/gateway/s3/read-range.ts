// Which bytes of an object a GET or HEAD asks for: all, one range, or one part. Several ranges are not something that S3 knows: the
// whole object is the answer, as to a Range that is malformed.

import type { ObjectInfo } from '../../master/object-service.ts'
import { contentRange } from '../http/byte-ranges-body.ts'
import { planRanges } from '../http/ranges.ts'
import type { ByteRange } from '../http/ranges.ts'
import { S3Error } from './s3-error.ts'
import type { S3Query } from './s3-query.ts'

export interface ReadPlan {
  /** 200 or 206. */
  readonly status: number
  /** Of length 0 where there is nothing to send. */
  readonly range: ByteRange
  readonly contentRange: string | undefined
  /** From 1, where a part was asked for. */
  readonly partNumber: number | undefined
}

const partNumberMax = 10_000

/** @throws S3Error `InvalidRange`, `InvalidPartNumber`, `InvalidRequest`, `InvalidArgument`. */
export function planRead(info: ObjectInfo, rangeHeader: string | undefined, query: S3Query): ReadPlan {
  const partNumber = parsePartNumber(query)
  if (partNumber !== undefined) {
    if (rangeHeader !== undefined)
      throw new S3Error('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter')
    return planPart(info, partNumber)
  }
  if (rangeHeader?.includes(',') === true) return whole(info)
  const plan = planRanges(rangeHeader, info.sizeBytes)
  const [first] = plan.kind === 'parts' ? plan.parts : []
  if (plan.kind === 'unsatisfiable') {
    throw new S3Error('InvalidRange', undefined, {
      fields: { RangeRequested: rangeHeader ?? '', ActualObjectSize: String(info.sizeBytes) },
      headers: { 'Content-Range': `bytes */${info.sizeBytes}` },
    })
  }
  return first === undefined ? whole(info) : ofRange(info, first, undefined)
}

function whole({ sizeBytes }: ObjectInfo): ReadPlan {
  return { status: 200, range: { offset: 0, length: sizeBytes }, contentRange: undefined, partNumber: undefined }
}

function ofRange({ sizeBytes }: ObjectInfo, range: ByteRange, partNumber: number | undefined): ReadPlan {
  return { status: 206, range, contentRange: contentRange(range.offset, range.length, sizeBytes), partNumber }
}

function planPart(info: ObjectInfo, partNumber: number): ReadPlan {
  const { parts, sizeBytes } = info
  if (parts === undefined) {
    if (partNumber !== 1) throw invalidPart(partNumber, 1)
    return sizeBytes === 0
      ? { ...whole(info), partNumber }
      : ofRange(info, { offset: 0, length: sizeBytes }, partNumber)
  }
  let offset = 0
  for (const [index, { length }] of parts.entries()) {
    if (index + 1 === partNumber)
      return length === 0 ? { ...whole(info), partNumber } : ofRange(info, { offset, length }, partNumber)
    offset += length
  }
  throw invalidPart(partNumber, parts.length)
}

function parsePartNumber(query: S3Query): number | undefined {
  const text = query.get('partNumber')
  if (text === undefined) return undefined
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= partNumberMax) return number
  throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive', {
    fields: { ArgumentName: 'partNumber', ArgumentValue: text },
  })
}

function invalidPart(partNumber: number, count: number): S3Error {
  return new S3Error('InvalidPartNumber', undefined, {
    fields: { PartNumberRequested: String(partNumber), ActualPartCount: String(count) },
  })
}
