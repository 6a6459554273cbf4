// What stands for headers elsewhere: in the query of a presigned URL, in the fields of a form. It is held to what a header can be, since
// it is stored and sent as one.

import { S3Error } from './s3-error.ts'

const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** As node:http sends it (RFC 9110, field-value). */
const sendable = /^[\t\x20-\x7e\x80-\xff]*$/

/** The value as that of a header, where characters stand for bytes. `name`: in lower case. @throws S3Error `InvalidArgument`. */
export function writtenHeader(name: string, text: string): string {
  const value = Buffer.from(text, 'utf8').toString('latin1')
  if (token.test(name) && sendable.test(value)) return value
  throw new S3Error('InvalidArgument', 'Header value cannot be represented using ISO-8859-1.', {
    fields: { ArgumentName: name, ArgumentValue: text },
  })
}
