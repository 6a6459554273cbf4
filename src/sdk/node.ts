// The client library's part for Node.js: files on the local disk. A download never leaves half a file under its final name: it goes to a
// temporary file in the same directory, which is synced and renamed when it is whole.

import { randomBytes, X509Certificate } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { crc32 } from 'node:zlib'

import type { FrostByteClient } from './client.ts'
import type { DownloadOptions } from './download.ts'
import { FrostByteError, messageOf } from './errors.ts'
import type { ReplayableSource } from './source.ts'
import type { UploadOptions } from './upload.ts'
import type { FileInfo } from './wire.ts'

export * from './index.ts'

const readBytes = 256 * 1024

/**
 * Trusts the authority of that certificate (PEM), besides those of Node.js, in all connections of the process that are made from then on.
 * @throws FrostByteError `local-failed`.
 */
export async function trustCaFile(path: string): Promise<void> {
  const pem = await attempt(`cannot read "${path}"`, () => readFile(path, 'utf8'))
  await attempt(`"${path}" is no certificate`, async () => {
    const certificate = new X509Certificate(pem)
    setDefaultCACertificates([...getCACertificates('default'), certificate.toString()])
    return Promise.resolve()
  })
}

/**
 * A local file as a source. Its size is read now; one that changes during the upload is refused. A pipe or device tells no size
 * and gives its bytes once. @throws FrostByteError `local-failed`.
 */
export async function fileSource(path: string): Promise<ReplayableSource | AsyncIterable<Uint8Array>> {
  const found = await attempt(`cannot read "${path}"`, () => stat(path))
  if (found.isDirectory()) throw new FrostByteError('local-failed', `"${path}" is a directory, not a file`)
  if (!found.isFile()) return readFrom(path)
  return { sizeBytes: found.size, open: () => readFrom(path) }
}

/** What is to be held against the checksum of the stored file, besides its length. */
export interface VerifyOptions {
  /**
   * Compares the CRC-32 of the bytes on this side with the one that the server keeps of the whole file, by a further request. Where
   * they differ: `checksum-mismatch`. Default: no; lengths are always compared.
   */
  readonly verify?: boolean | undefined
}

/** Stores a local file. */
export async function uploadFile(
  client: FrostByteClient,
  name: string,
  path: string,
  options: UploadOptions & VerifyOptions = {},
): Promise<FileInfo> {
  return uploadVerified(client, name, await fileSource(path), options)
}

/** Like `FrostByteClient.upload`, and compares checksums where `verify` asks for it. */
export async function uploadVerified(
  client: FrostByteClient,
  name: string,
  source: ReplayableSource | AsyncIterable<Uint8Array>,
  options: UploadOptions & VerifyOptions,
): Promise<FileInfo> {
  if (options.verify !== true) return client.upload(name, source, options)
  const sum = new RunningSum()
  const info = await client.upload(name, 'open' in source ? summedSource(source, sum) : sum.over(source), options)
  await holdAgainst(client, info, sum, options)
  return info
}

/** Downloads into a local file, which is there whole or not at all; one that exists is replaced. */
export async function downloadFile(
  client: FrostByteClient,
  name: string,
  path: string,
  options: DownloadOptions & VerifyOptions = {},
): Promise<FileInfo> {
  if (options.verify === true && options.range !== undefined) {
    throw new FrostByteError(
      'option-invalid',
      'a range cannot be verified: the server keeps the checksum of the whole file',
    )
  }
  const target = await findTarget(path)
  const { info, stream } = await client.download(name, options)
  const sum = options.verify === true ? new RunningSum() : undefined
  const slices = sum === undefined ? stream : sum.over(stream)
  const check = async (): Promise<void> => (sum === undefined ? undefined : holdAgainst(client, info, sum, options))
  try {
    if (target.isPlain) await replaceFile(target, slices, check)
    else await writeInto(target.path, slices, check)
  } catch (error) {
    if (!stream.locked) await stream.cancel(error).catch(() => undefined)
    throw error
  }
  return info
}

/** The CRC-32 of what passes by. */
class RunningSum {
  #value = 0

  async *over(slices: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#value = 0
    for await (const slice of slices) {
      this.#value = crc32(slice, this.#value)
      yield slice
    }
  }

  /** Eight hex digits, as the server writes it. */
  get text(): string {
    return this.#value.toString(16).padStart(8, '0')
  }
}

function summedSource(source: ReplayableSource, sum: RunningSum): ReplayableSource {
  return { sizeBytes: source.sizeBytes, open: () => sum.over(source.open()) }
}

async function holdAgainst(
  client: FrostByteClient,
  info: FileInfo,
  sum: RunningSum,
  options: UploadOptions,
): Promise<void> {
  const stored = await client.stat(info.name, options)
  if (stored.etag !== info.etag) {
    throw new FrostByteError('file-changed', `"${info.name}" was replaced before its checksum could be compared`)
  }
  if (stored.crc32 === sum.text) return
  const sums = `the server has ${stored.crc32 ?? 'none'}, on this side it is ${sum.text}`
  throw new FrostByteError('checksum-mismatch', `the CRC-32 of "${info.name}" differs: ${sums}`, {
    remedy: 'Transfer it again.',
  })
}

interface Target {
  /** With links followed, so that a link stays one. */
  readonly path: string
  readonly mode: number
  /** A file or nothing yet; a pipe or device (`/dev/null`) is written to and never replaced. */
  readonly isPlain: boolean
}

async function findTarget(given: string): Promise<Target> {
  const path = await realpath(given).catch(() => given)
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() === true) throw new FrostByteError('local-failed', `"${given}" is a directory, not a file`)
  return {
    path,
    mode: found === undefined ? 0o666 : found.mode & 0o777,
    isPlain: found === undefined || found.isFile(),
  }
}

type Slices = AsyncIterable<Uint8Array>

/** `check` rejects where what was written shall not be used. */
async function replaceFile({ path, mode }: Target, slices: Slices, check: () => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.frostbyte-${randomBytes(8).toString('hex')}.part`)
  const failed = `cannot write "${path}"`
  const file = await attempt(failed, () => open(temporary, 'wx', mode))
  try {
    try {
      await copy(slices, file, failed)
      await attempt(failed, () => file.sync())
      await check()
    } finally {
      await file.close()
    }
    await attempt(failed, () => rename(temporary, path))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
}

async function writeInto(path: string, slices: Slices, check: () => Promise<void>): Promise<void> {
  const failed = `cannot write "${basename(path)}"`
  const file = await attempt(failed, () => open(path, 'w'))
  try {
    await copy(slices, file, failed)
    await check()
  } finally {
    await file.close()
  }
}

async function copy(slices: Slices, file: FileHandle, failed: string): Promise<void> {
  for await (const slice of slices) {
    let written = 0
    while (written < slice.length) {
      written += (await attempt(failed, () => file.write(slice, written))).bytesWritten
    }
  }
}

/** Makes the new name durable where the system can; the file's content is already. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => undefined)
  await directory?.sync().catch(() => undefined)
  await directory?.close()
}

function readFrom(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: readBytes })
}

async function attempt<T>(failed: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw new FrostByteError('local-failed', `${failed}: ${explain(error)}`, { cause: error })
  }
}

const explanations: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the disk quota is used up',
  EISDIR: 'it is a directory',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'no such file or directory',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is no directory',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
}

function explain(error: unknown): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  return explanations[code] ?? messageOf(error)
}
