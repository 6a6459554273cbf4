// How the S3 face tells errors and names its answers: the XML document <Error>, x-amz-request-id, and x-amz-id-2, which here says
// which process answered. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html

import { errorCode } from '../../base/errors.ts'
import type { ErrorAnswer, FaceAnswers, FailedRequest } from '../http/face-answers.ts'
import { toS3Error } from './error-codes.ts'
import { S3Error } from './s3-error.ts'
import { XmlWriter } from './xml/xml-writer.ts'

/** `hostId`: names the process; printable ASCII. */
export function s3Answers(hostId: string): FaceAnswers {
  return {
    describe: (error, request) => describeS3Error(error, request, hostId),
    codeOf: (error) => (error instanceof S3Error ? error.code : errorCode(error)),
    name: (headers, requestId) => {
      headers.push('x-amz-request-id', requestId, 'x-amz-id-2', hostId)
    },
  }
}

function describeS3Error(error: unknown, { requestId, path }: FailedRequest, hostId: string): ErrorAnswer {
  const known = toS3Error(error)
  const { code, message, status, fields } = known
  const headers = ['Content-Type', 'application/xml']
  for (const [name, value] of Object.entries(known.headers)) headers.push(name, value)
  // What the client still sends would be taken for a request.
  if (code === 'RequestTimeout') headers.push('Connection', 'close')
  if (status === 304) return { status, headers: headers.slice(2), body: '', code }
  const writer = new XmlWriter('Error', '')
  writer.element('Code', code)
  writer.element('Message', message)
  for (const [name, value] of Object.entries(fields)) writer.element(name, value)
  if (path !== undefined && fields['Resource'] === undefined) writer.element('Resource', path)
  writer.element('RequestId', requestId)
  writer.element('HostId', hostId)
  return { status, headers, body: writer.finish(), code }
}
