// The head of a frame. Every frame is a fixed part of 32 bytes, an extension area, a header and a body; the first three are
// its head, covered by the frame's CRC-32. The body has a CRC-32 of its own, except where the sender says that what it
// carries brings its checks along: records and their chunks, checked by whoever stores or uses them, so that nobody
// computes a check over megabytes here that somebody else computes anyway. docs/design/protocol.md has every byte; a change
// here is a new protocol version.

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { KIB } from '../base/units.ts'
import type { Compute } from '../ports/compute.ts'
import { bodyBytesMax } from './body-pool.ts'

export const frameType = {
  request: 1,
  reply: 2,
  error: 3,
  cancel: 4,
  ping: 5,
  pong: 6,
  goodbye: 7,
  stopped: 8,
  hello: 16,
  answer: 17,
  diallerProof: 18,
  acceptorProof: 19,
  refusal: 20,
} as const

export type FrameType = (typeof frameType)[keyof typeof frameType]

export const fixedBytes = 32
/** Flag: the body has a check. */
const checkedBody = 1
export const extensionBytesMax = 4 * KIB
export const headerBytesMax = 32 * KIB
/** No head is longer. */
export const headBytesMax = fixedBytes + extensionBytesMax + headerBytesMax

/** What both sides refuse to send and to receive. Before the handshake has ended it is far less. */
export interface FrameLimits {
  readonly extensionBytesMax: number
  readonly headerBytesMax: number
  readonly bodyBytesMax: number
}

export const openLimits: FrameLimits = { extensionBytesMax, headerBytesMax, bodyBytesMax }
export const handshakeLimits: FrameLimits = { extensionBytesMax: 0, headerBytesMax: 1024, bodyBytesMax: 0 }

/** The fields of a frame to be written. */
export interface FrameFields {
  readonly type: FrameType
  /** Of a request. */
  readonly method?: number
  /** Of the request that it belongs to. */
  readonly id?: number
  /** Of a request. */
  readonly deadlineMs?: number
  readonly extension?: Uint8Array
  readonly header?: Uint8Array
  /** The body is not checked by the frame. */
  readonly bodyHasOwnChecks?: boolean
}

export function headBytes(fields: FrameFields): number {
  return fixedBytes + (fields.extension?.length ?? 0) + (fields.header?.length ?? 0)
}

/** Writes a head at `offset` of `bytes`, of which `view` is a view; there is room. */
export function writeHead(
  into: { readonly bytes: Uint8Array; readonly view: DataView },
  offset: number,
  fields: FrameFields,
  rest: { readonly body: readonly Uint8Array[] | undefined; readonly bodyLength: number; readonly compute: Compute },
): void {
  const { bytes, view } = into
  const { extension, header } = fields
  const extensionLength = extension?.length ?? 0
  const headerLength = header?.length ?? 0
  const isChecked = rest.bodyLength > 0 && fields.bodyHasOwnChecks !== true
  assert(extensionLength <= extensionBytesMax, 'bytes of an extension area', extensionLength)
  assert(headerLength <= headerBytesMax, 'bytes of a header', headerLength)
  assert(rest.bodyLength <= bodyBytesMax, 'bytes of a body', rest.bodyLength)
  view.setUint8(offset + 4, fields.type)
  view.setUint8(offset + 5, isChecked ? checkedBody : 0)
  view.setUint16(offset + 6, fields.method ?? 0, true)
  view.setUint32(offset + 8, fields.id ?? 0, true)
  view.setUint32(offset + 12, fields.deadlineMs ?? 0, true)
  view.setUint16(offset + 16, extensionLength, true)
  view.setUint16(offset + 18, 0, true)
  view.setUint32(offset + 20, headerLength, true)
  view.setUint32(offset + 24, rest.bodyLength, true)
  view.setUint32(offset + 28, isChecked ? checkOf(rest.body, rest.compute) : 0, true)
  if (extension !== undefined) bytes.set(extension, offset + fixedBytes)
  if (header !== undefined) bytes.set(header, offset + fixedBytes + extensionLength)
  const end = offset + fixedBytes + extensionLength + headerLength
  view.setUint32(offset, rest.compute.crc32(bytes.subarray(offset + 4, end)), true)
}

function checkOf(body: readonly Uint8Array[] | undefined, compute: Compute): number {
  let check = 0
  for (const part of body ?? []) check = compute.crc32(part, check)
  return check
}

/** A received head. One instance is filled again and again: it is valid during the call that hands it over. */
export class FrameHead {
  type = 0
  method = 0
  id = 0
  deadlineMs = 0
  bodyLength = 0
  /** `undefined`: what the body carries has its own checks. */
  bodyCheck: number | undefined
  /** Views of memory that is used again as soon as the call returns. */
  extension: Uint8Array = nothing
  header: Uint8Array = nothing

  /**
   * The length of the head whose fixed part lies at `offset`.
   * @throws FrostError `protocol-error` where it is over a limit.
   */
  static lengthAt(view: DataView, offset: number, limits: FrameLimits): number {
    const extensionLength = view.getUint16(offset + 16, true)
    const headerLength = view.getUint32(offset + 20, true)
    const bodyLength = view.getUint32(offset + 24, true)
    if (
      extensionLength > limits.extensionBytesMax ||
      headerLength > limits.headerBytesMax ||
      bodyLength > limits.bodyBytesMax
    ) {
      const lengths = `${extensionLength} + ${headerLength} + ${bodyLength}`
      throw new FrostError('protocol-error', `A frame announces ${lengths} bytes.`)
    }
    return fixedBytes + extensionLength + headerLength
  }

  /**
   * Reads the head of `length` bytes at `offset`, all of which are there.
   * @throws FrostError `protocol-error` where its check is wrong.
   */
  read(
    from: { readonly bytes: Uint8Array; readonly view: DataView },
    offset: number,
    length: number,
    compute: Compute,
  ): void {
    const { bytes, view } = from
    const end = offset + length
    if (compute.crc32(bytes.subarray(offset + 4, end)) !== view.getUint32(offset, true)) {
      throw new FrostError('protocol-error', 'A frame has a wrong check: what arrives is damaged, or not the protocol.')
    }
    const flags = view.getUint8(offset + 5)
    if (flags > checkedBody || view.getUint16(offset + 18, true) !== 0) {
      throw new FrostError('protocol-error', 'A frame carries flags that this version does not know.')
    }
    this.type = view.getUint8(offset + 4)
    this.method = view.getUint16(offset + 6, true)
    this.id = view.getUint32(offset + 8, true)
    this.deadlineMs = view.getUint32(offset + 12, true)
    this.bodyLength = view.getUint32(offset + 24, true)
    this.bodyCheck = flags === checkedBody ? view.getUint32(offset + 28, true) : undefined
    const headerStart = offset + fixedBytes + view.getUint16(offset + 16, true)
    this.extension = headerStart === offset + fixedBytes ? nothing : bytes.subarray(offset + fixedBytes, headerStart)
    this.header = headerStart === end ? nothing : bytes.subarray(headerStart, end)
  }
}

const nothing = new Uint8Array(0)
