// The messages of the handshake: who each side is, what it takes, and the proofs. docs/design/protocol.md says why these
// and in which order. The first two fields of `hello` are the same in every version, so that two nodes of any versions
// can find out that they do not understand each other.

import { parseClusterId, parseProcessId, parseWorkerId } from '../base/ids.ts'
import type { ClusterId } from '../base/ids.ts'
import type { Compute } from '../ports/compute.ts'
import { handshakeLimits } from './frame.ts'
import type { NodeIdentity } from './peer.ts'
import { WireReader, WireWriter } from './wire.ts'

/** "FBRP", little-endian. */
const magic = 0x5052_4246
export const versionMin = 1
export const versionMax = 1
export const nonceBytes = 32
const proofBytes = 32
const noCluster = '0'.repeat(32)

const kinds = ['master', 'worker', 'tool'] as const

/** What both sides say of themselves. */
export interface Introduction {
  readonly identity: NodeIdentity
  /** `undefined`: not in a cluster yet. */
  readonly clusterId: ClusterId | undefined
  readonly nonce: Uint8Array
  /** What this side takes from the other at once. */
  readonly requestsMax: number
  readonly requestBodyBytesMax: number
}

export interface Hello extends Introduction {
  readonly versionMin: number
  readonly versionMax: number
}

export interface Answer extends Introduction {
  readonly version: number
}

export function encodeHello(hello: Hello): Uint8Array {
  const writer = new WireWriter('hello', handshakeLimits.headerBytesMax)
  writer.u32(magic).u16(hello.versionMin).u16(hello.versionMax)
  writeIntroduction(writer, hello)
  return writer.finish()
}

/** The versions that the dialler speaks, whatever follows them. @throws FrostError `protocol-error`. */
export function decodeVersions(bytes: Uint8Array): { readonly versionMin: number; readonly versionMax: number } {
  const reader = new WireReader('hello', bytes)
  if (reader.u32() !== magic) throw reader.wrong('not the sign of this protocol')
  const versions = { versionMin: reader.u16(), versionMax: reader.u16() }
  if (versions.versionMin > versions.versionMax) throw reader.wrong('no version at all')
  return versions
}

/** What follows in version 1. @throws FrostError `protocol-error`. */
export function decodeHello(bytes: Uint8Array): Hello {
  const versions = decodeVersions(bytes)
  const reader = new WireReader('hello', bytes.subarray(8))
  return { ...versions, ...readIntroduction(reader) }
}

export function encodeAnswer(answer: Answer): Uint8Array {
  const writer = new WireWriter('answer', handshakeLimits.headerBytesMax)
  writer.u32(magic).u16(answer.version).u16(0)
  writeIntroduction(writer, answer)
  return writer.finish()
}

/** @throws FrostError `protocol-error`. */
export function decodeAnswer(bytes: Uint8Array): Answer {
  const reader = new WireReader('answer', bytes)
  if (reader.u32() !== magic) throw reader.wrong('not the sign of this protocol')
  const version = reader.u16()
  if (reader.u16() !== 0) throw reader.wrong('a field that is not zero')
  if (version < versionMin || version > versionMax) throw reader.wrong(`version ${version}, which was not offered`)
  return { version, ...readIntroduction(reader) }
}

const labels = {
  dialler: 'FrostByte internal protocol: proof of the dialling side',
  acceptor: 'FrostByte internal protocol: proof of the accepting side',
} as const

/** What only a holder of the secret can compute, for this one handshake, in this one role. */
export function computeProof(
  role: 'dialler' | 'acceptor',
  secret: Uint8Array,
  transcript: { readonly hello: Uint8Array; readonly answer: Uint8Array },
  compute: Compute,
): Uint8Array {
  const { headerBytesMax } = handshakeLimits
  const writer = new WireWriter('proof', 4 * headerBytesMax)
  writer.string(labels[role], headerBytesMax)
  writer.bytes(transcript.hello, headerBytesMax).bytes(transcript.answer, headerBytesMax)
  return compute.hmacSha256(secret, writer.finish())
}

export function isProof(bytes: Uint8Array, expected: Uint8Array, compute: Compute): boolean {
  return bytes.length === proofBytes && compute.equalsConstantTime(bytes, expected)
}

function writeIntroduction(writer: WireWriter, introduction: Introduction): void {
  const { identity, clusterId, nonce, requestsMax, requestBodyBytesMax } = introduction
  writer.u8(kinds.indexOf(identity.kind) + 1).hex(identity.id, 8)
  writer.hex(clusterId ?? noCluster, 16).raw(nonce)
  writer.u32(requestsMax).u32(requestBodyBytesMax)
}

/** Whatever a later minor addition puts behind it is covered by the proofs and otherwise not looked at. */
function readIntroduction(reader: WireReader): Introduction {
  const kind = kinds[reader.u8() - 1]
  const id = reader.hex(8)
  const clusterHex = reader.hex(16)
  const nonce = reader.raw(nonceBytes).slice()
  const [requestsMax, requestBodyBytesMax] = [reader.u32(), reader.u32()]
  if (requestsMax === 0) throw reader.wrong('a limit of no requests')
  const identity = identityOf(kind, id)
  if (identity === undefined) throw reader.wrong('a kind of node that is not known')
  const clusterId = clusterHex === noCluster ? undefined : parseClusterId(clusterHex)
  return { identity, clusterId, nonce, requestsMax, requestBodyBytesMax }
}

function identityOf(kind: (typeof kinds)[number] | undefined, id: string): NodeIdentity | undefined {
  if (kind === undefined) return undefined
  if (kind === 'worker') {
    const workerId = parseWorkerId(id)
    return workerId === undefined ? undefined : { kind, id: workerId }
  }
  const processId = parseProcessId(id)
  return processId === undefined ? undefined : { kind, id: processId }
}
