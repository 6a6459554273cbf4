// A version as its writer describes it, and as its manifest does: what is written into the last block of the version's bytes must bring all
// of it back (docs/design/rebuild-metadata.md). Only tags, retention and the like that were changed afterwards are not in it.

import { FrostError } from '../base/errors.ts'
import { fromHex, toHex } from '../base/ids.ts'
import type { VersionId } from '../base/ids.ts'
import type { Manifest } from '../codec/manifest.ts'
import type { RecoverVersion } from '../meta/contract/rebuild-metadata.ts'
import type { Checksum, NewVersion, ObjectLock, Transform } from '../meta/contract/version-row.ts'
import type { FileName } from './file-service.ts'
import type { ObjectProperties, Sealing } from './object-service.ts'
import type { SeenAtStart, StoredBody } from './upload-ending.ts'

/** Properties that may be there; `undefined` is as good as absent. */
export type GivenProperties = { readonly [Name in keyof ObjectProperties]?: ObjectProperties[Name] | undefined }

export interface VersionDescription {
  readonly version: VersionId
  readonly modifiedMs: number
  readonly properties: GivenProperties
  readonly body: StoredBody
  readonly sealing: Sealing
}

/** The version that is to be committed. */
export function describeVersion(description: VersionDescription): NewVersion {
  const { version, modifiedMs, properties, body, sealing } = description
  const { logical, etag, checksums } = sealing
  const { contentType, owner, headers, userMetadata, tags, lock, transform } = properties
  const extra = joinExtra(properties.extra, sealing.extra)
  return {
    version,
    modifiedMs,
    sizeBytes: logical?.sizeBytes ?? body.sizeBytes,
    extents: body.extents,
    crc32: logical?.crc32 ?? body.crc32,
    ...(logical === undefined || logical.sizeBytes === body.sizeBytes ? {} : { storedSizeBytes: body.sizeBytes }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(etag === undefined ? {} : { etag }),
    ...(checksums === undefined || checksums.length === 0 ? {} : { checksums }),
    ...(owner === undefined ? {} : { owner }),
    ...(isEmpty(headers) ? {} : { headers }),
    ...(isEmpty(userMetadata) ? {} : { userMetadata }),
    ...(isEmpty(tags) ? {} : { tags }),
    ...(isEmpty(lock) ? {} : { lock }),
    ...(transform === undefined ? {} : { transform }),
    ...(extra === undefined ? {} : { extra }),
  }
}

function joinExtra(of: NewVersion['extra'], sealed: NewVersion['extra']): NewVersion['extra'] {
  if (isEmpty(of)) return isEmpty(sealed) ? undefined : sealed
  return isEmpty(sealed) ? of : { ...of, ...sealed }
}

function isEmpty<T extends object>(value: T | undefined): value is undefined {
  if (value === undefined) return true
  for (const name in value) if (Object.hasOwn(value, name)) return false
  return true
}

export interface ManifestContext extends SeenAtStart {
  /** Of the stored bytes before the record that carries the manifest. */
  readonly crcBefore: number
  /** The client's CRC-32 is the version's: it does not follow from the stored bytes. */
  readonly hasOwnCrc?: boolean
}

export function manifestOf({ bucket, key }: FileName, version: NewVersion, context: ManifestContext): Manifest {
  const { headSequence, seenSequence, crcBefore, isVersioned, hasOwnCrc = false } = context
  const { sizeBytes, storedSizeBytes, contentType, etag, extents } = version
  return {
    bucket,
    key,
    versionId: version.version,
    extents,
    headSequence,
    seenSequence,
    crcBefore,
    sizeBytes,
    ...(storedSizeBytes === undefined ? {} : { storedSizeBytes }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(etag === undefined ? {} : { etag }),
    ...(hasOwnCrc ? { crc32: version.crc32 } : {}),
    ...(isVersioned ? { versioned: true } : {}),
    ...rareFields(version),
  }
}

function rareFields(version: NewVersion): Partial<Manifest> {
  const { checksums, userMetadata, transform, owner, headers, tags, lock, extra, parts } = version
  return {
    ...(checksums === undefined ? {} : { checksums: checksumTexts(checksums) }),
    ...(userMetadata === undefined ? {} : { userMetadata: new Map(Object.entries(userMetadata)) }),
    ...(transform === undefined ? {} : { transform: transformBytes(transform) }),
    ...(owner === undefined ? {} : { owner }),
    ...(headers === undefined ? {} : { headers: new Map(Object.entries(headers)) }),
    ...(tags === undefined ? {} : { tags: new Map(Object.entries(tags)) }),
    ...(lock === undefined ? {} : { lock: lockTexts(lock) }),
    ...(extra === undefined
      ? {}
      : { extra: new Map(Object.entries(extra).map(([name, value]) => [name, toHex(value)])) }),
    // ETags and checksums of the parts would not always fit; what a reader needs is where each begins.
    ...(parts === undefined ? {} : { parts: parts.map(({ number, length }) => ({ number, length })) }),
  }
}

/**
 * The version that a manifest describes. `crc32`: of the bytes as they are stored.
 * @throws FrostError `store-corrupt`.
 */
export function versionOfManifest(
  manifest: Manifest,
  found: { readonly crc32: number; readonly modifiedMs: number },
): RecoverVersion['version'] {
  const { versionId, sizeBytes, storedSizeBytes, extents, etag, contentType, owner, versioned } = manifest
  const { checksums, transform, headers, userMetadata, tags, lock, extra, parts } = manifest
  return {
    version: versionId,
    modifiedMs: found.modifiedMs,
    sizeBytes,
    extents,
    crc32: manifest.crc32 ?? found.crc32,
    recovered: true,
    ...(storedSizeBytes === undefined ? {} : { storedSizeBytes }),
    ...(etag === undefined ? {} : { etag }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(owner === undefined ? {} : { owner }),
    ...(checksums === undefined ? {} : { checksums: checksumsOf(checksums) }),
    ...(transform === undefined ? {} : { transform: transformOf(transform) }),
    ...(headers === undefined ? {} : { headers: Object.fromEntries(headers) }),
    ...(userMetadata === undefined ? {} : { userMetadata: Object.fromEntries(userMetadata) }),
    ...(tags === undefined ? {} : { tags: Object.fromEntries(tags) }),
    ...(lock === undefined ? {} : { lock: lockOf(lock) }),
    ...(extra === undefined
      ? {}
      : { extra: Object.fromEntries([...extra].map(([name, value]) => [name, bytesOf(value)])) }),
    ...(parts === undefined ? {} : { parts }),
    ...(versioned === undefined ? {} : { versioned }),
  }
}

const compositePrefix = 'composite:'

function checksumTexts(checksums: readonly Checksum[]): ReadonlyMap<string, string> {
  return new Map(
    checksums.map(({ algorithm, value, composite }) => [
      `${composite === true ? compositePrefix : ''}${algorithm}`,
      toHex(value),
    ]),
  )
}

function checksumsOf(texts: ReadonlyMap<string, string>): readonly Checksum[] {
  return [...texts].map(([name, text]) => {
    const value = bytesOf(text)
    if (!name.startsWith(compositePrefix)) return { algorithm: name, value }
    return { algorithm: name.slice(compositePrefix.length), value, composite: true }
  })
}

/** The kind, a zero byte, the parameters. */
function transformBytes({ kind, parameters }: Transform): Uint8Array {
  const name = new TextEncoder().encode(`${kind}\0`)
  const bytes = new Uint8Array(name.length + parameters.length)
  bytes.set(name)
  bytes.set(parameters, name.length)
  return bytes
}

function transformOf(bytes: Uint8Array): Transform {
  const end = bytes.indexOf(0)
  return { kind: new TextDecoder().decode(bytes.subarray(0, end)), parameters: bytes.slice(end + 1) }
}

function lockTexts({ mode, retainUntilMs, legalHold }: ObjectLock): ReadonlyMap<string, string> {
  return new Map([
    ...(mode === undefined ? [] : [['mode', mode] as const]),
    ...(retainUntilMs === undefined ? [] : [['retainUntilMs', String(retainUntilMs)] as const]),
    ...(legalHold === undefined ? [] : [['legalHold', 'true'] as const]),
  ])
}

function lockOf(texts: ReadonlyMap<string, string>): ObjectLock {
  const mode = texts.get('mode')
  const retainUntilMs = Number(texts.get('retainUntilMs'))
  return {
    ...(mode === 'governance' || mode === 'compliance' ? { mode } : {}),
    ...(Number.isSafeInteger(retainUntilMs) && texts.has('retainUntilMs') ? { retainUntilMs } : {}),
    ...(texts.get('legalHold') === 'true' ? { legalHold: true } : {}),
  }
}

function bytesOf(hex: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(hex)) throw new FrostError('store-corrupt', 'A value of a manifest is malformed.')
  return fromHex(hex)
}
