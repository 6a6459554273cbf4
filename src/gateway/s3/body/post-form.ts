// Reads the form of a browser's upload (POST Object): fields first, which say where the file goes and who allows it, then the file, whose
// bytes go on as they come; what follows the file is read past. Source: "POST Object", Amazon S3 API Reference.

import type { ByteSink } from '../../http/body-pump.ts'
import { FormReader } from '../../http/form-reader.ts'
import type { FormExchange, FormHead, FormProblem } from '../../http/form-reader.ts'
import type { StallWatch } from '../../http/stall-watch.ts'
import { S3Error } from '../s3-error.ts'
import { invalidArgument } from '../signature/signature-errors.ts'
import type { FormFields } from '../signature/post-policy.ts'

export interface PostForm {
  /** Names in lower case; `bucket` as asked for, and `key` with the file's name in the place of `${filename}`. */
  readonly fields: FormFields
  readonly key: string
}

export interface PostFormOptions {
  readonly bucket: string
  readonly watch: StallWatch
  /** Checks the form and opens what its file goes to. May refuse. Has settled when the form was received. */
  readonly open: (form: PostForm) => Promise<ByteSink>
}

/** AWS: 20 KB of all that precedes the file. */
const fieldBytesMax = 20 * 1024
const fieldsMax = 128

/**
 * Resolves when the form has ended well and the sink has taken all of the file.
 * @throws S3Error `MalformedPOSTRequest`, `MaxPostPreDataLengthExceeded`, `InvalidArgument`, `PreconditionFailed`; FrostError for a client
 * that is gone or stalls; whatever `open` and the sink throw.
 */
export async function receivePostForm(exchange: FormExchange, { bucket, watch, open }: PostFormOptions): Promise<void> {
  const reader = new FormReader(exchange, {
    watch,
    fields: { countMax: fieldsMax, bytesMax: fieldBytesMax },
    problem: malformedForm,
    open: async (head) => ({ sink: await open(readForm(head, bucket)) }),
  })
  await reader.run()
}

function readForm({ fields, fileName }: FormHead, bucket: string): PostForm {
  const read = new Map<string, string>()
  for (const { name, value } of fields) {
    const lower = name.toLowerCase()
    // Programs disagree about which one counts.
    if (read.has(lower)) throw new S3Error('MalformedPOSTRequest', `The field '${name}' of the form is given twice.`)
    read.set(lower, value)
  }
  const template = read.get('key')
  if (template === undefined || template === '') {
    throw invalidArgument(
      'key',
      '',
      "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
    )
  }
  // oxlint-disable-next-line no-template-curly-in-string -- so it stands in the form
  const key = template.replaceAll('${filename}', () => baseName(fileName ?? ''))
  read.set('key', key)
  read.set('bucket', bucket)
  return { fields: read, key }
}

/** Some browsers send the file's whole path. */
function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
}

function malformedForm(problem: FormProblem, cause?: unknown): Error {
  switch (problem) {
    case 'no-file':
      return invalidArgument('file', '0', 'POST requires exactly one file upload per request.')
    case 'files':
      return invalidArgument('file', '2', 'POST requires exactly one file upload per request.')
    case 'fields-too-long':
      return new S3Error('MaxPostPreDataLengthExceeded')
    case 'boundary':
      return new S3Error(
        'PreconditionFailed',
        'At least one of the pre-conditions you specified did not hold: ' +
          'Bucket POST must be of the enclosure-type multipart/form-data',
        { fields: { Condition: 'Bucket POST must be of the enclosure-type multipart/form-data' }, cause },
      )
    case 'malformed':
    case 'file-cut-off':
    case 'parts':
      return new S3Error('MalformedPOSTRequest', undefined, { cause })
  }
}
