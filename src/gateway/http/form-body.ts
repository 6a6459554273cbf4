// Receives an upload as the part `file` of a multipart/form-data body. Nothing is stored before the form has ended well.

import { FrostError } from '../../base/errors.ts'
import type { FileInfo, PutRequest, Upload } from '../../master/file-service.ts'
import type { Exchange } from './exchange.ts'
import { FormReader, partsMax } from './form-reader.ts'
import type { FormHead, FormProblem } from './form-reader.ts'
import type { UploadParts } from './upload-body.ts'

/** What the form's part says of the file. */
export type FormFile = Pick<FormHead, 'fileName' | 'contentType'>

/** `describe` decides, from the part's head, what to store; it may throw. */
export async function receiveFormBody(
  exchange: Exchange,
  { content, uploadWatch }: UploadParts,
  describe: (file: FormFile) => PutRequest,
): Promise<FileInfo> {
  let upload: Upload | undefined
  const reader = new FormReader(exchange, {
    watch: uploadWatch,
    problem: badForm,
    open: async (head) => {
      const request = describe(head)
      upload = await content.put(request)
      return { sink: upload, announcedBytes: request.sizeBytes }
    },
  })
  return await receive(reader, () => upload)
}

async function receive(reader: FormReader, uploadOf: () => Upload | undefined): Promise<FileInfo> {
  try {
    await reader.run()
    const upload = uploadOf()
    if (upload === undefined) throw badForm('no-file')
    return await upload.finish()
  } catch (error) {
    uploadOf()?.abort(error)
    throw error
  }
}

const problems: Readonly<Record<FormProblem, string>> = {
  'boundary': 'has no usable boundary',
  'malformed': 'is malformed or cut off',
  'file-cut-off': 'ends within its file',
  'no-file': 'has no part "file"',
  'files': 'has more than one part "file"',
  'parts': `has more than ${partsMax} parts`,
  'fields-too-long': 'has fields that are too long',
}

function badForm(problem: FormProblem, cause?: unknown): FrostError {
  return new FrostError('bad-request', `The multipart/form-data body ${problems[problem]}.`, {
    cause,
    remedy: 'Send one part named "file" with the bytes, or the bytes as the raw body.',
  })
}
