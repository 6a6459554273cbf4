// Whole files through a FileService, as a client on the other side of a face would move them.

import { FrostError } from '../src/base/errors.ts'
import type { FileInfo, FileName, FileService, PutRequest } from '../src/master/file-service.ts'

/** Sends `bytes` in slices of `sliceBytes`, each in memory of its own. An upload that fails is aborted, as a face does. */
export async function uploadBytes(
  files: FileService,
  request: PutRequest,
  bytes: Uint8Array,
  options: { readonly sliceBytes?: number } = {},
): Promise<FileInfo> {
  const sliceBytes = options.sliceBytes ?? 64 * 1024
  const upload = await files.put(request)
  try {
    for (let at = 0; at < bytes.length; at += sliceBytes) await upload.write(bytes.slice(at, at + sliceBytes))
    return await upload.finish()
  } catch (error) {
    upload.abort(error)
    throw error
  }
}

/** The bytes of a range, or of the whole file. @throws FrostError `file-not-found`, and whatever reading it throws. */
export async function downloadBytes(
  files: FileService,
  name: FileName,
  range?: { readonly offset: number; readonly length: number },
): Promise<Uint8Array> {
  const reader = await files.open(name)
  if (reader === undefined) throw new FrostError('file-not-found', `There is no file ${name.key}.`)
  try {
    const { offset, length } = range ?? { offset: 0, length: reader.info.sizeBytes }
    const body = reader.read(offset, length)
    const bytes = new Uint8Array(length)
    let at = 0
    for (let slice = await body.next(); slice !== undefined; slice = await body.next()) {
      bytes.set(slice.bytes, at)
      at += slice.bytes.length
      slice.release()
    }
    if (at !== length) throw new FrostError('internal', `A read of ${length} bytes gave ${at}.`)
    return bytes
  } finally {
    reader.close()
  }
}
