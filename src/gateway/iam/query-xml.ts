// Answers of the query APIs as XML: elements in the order in which they are given, lists as `<member>`.
//
// Source: AWS IAM API Reference, AWS STS API Reference (responses); AWS Query protocol.

import { escapeText, xmlDeclaration } from '../s3/xml-text.ts'

export type XmlValue = string | number | boolean | readonly XmlValue[] | XmlFields

/** What is `undefined` is left out. */
export interface XmlFields {
  readonly [name: string]: XmlValue | undefined
}

export type QueryService = 'iam' | 'sts'

const namespaces: Readonly<Record<QueryService, string>> = {
  iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
  sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
}

export interface AnswerOf {
  readonly service: QueryService
  readonly requestId: string
}

/** `result` absent: the action answers nothing but that it is done. */
export function writeAnswer(action: string, result: XmlFields | undefined, { service, requestId }: AnswerOf): string {
  const body = {
    ...(result === undefined ? {} : { [`${action}Result`]: result }),
    ResponseMetadata: { RequestId: requestId },
  }
  const inner = writeFields(body)
  return `${xmlDeclaration}<${action}Response xmlns="${namespaces[service]}">${inner}</${action}Response>`
}

export interface ToldError {
  readonly code: string
  readonly status: number
  readonly message: string
}

export function writeError({ code, status, message }: ToldError, { service, requestId }: AnswerOf): string {
  const type = status >= 500 ? 'Receiver' : 'Sender'
  const inner = writeFields({ Error: { Type: type, Code: code, Message: message }, RequestId: requestId })
  return `${xmlDeclaration}<ErrorResponse xmlns="${namespaces[service]}">${inner}</ErrorResponse>`
}

function writeFields(fields: XmlFields): string {
  return Object.entries(fields)
    .map(([name, value]) => (value === undefined ? '' : `<${name}>${writeValue(value)}</${name}>`))
    .join('')
}

function writeValue(value: XmlValue): string {
  if (typeof value !== 'object') return escapeText(String(value))
  return isList(value) ? value.map((each) => `<member>${writeValue(each)}</member>`).join('') : writeFields(value)
}

function isList(value: readonly XmlValue[] | XmlFields): value is readonly XmlValue[] {
  return Array.isArray(value)
}
