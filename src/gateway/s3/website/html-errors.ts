// Errors of a bucket's website, as pages for people: HTML as S3's website endpoints write it. Whatever comes from the request is escaped.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html

import { STATUS_CODES } from 'node:http'

import type { ErrorAnswer, FailedRequest } from '../../http/face-answers.ts'
import { toS3Error } from '../error-codes.ts'
import type { S3Error } from '../s3-error.ts'

/** `ofDocument`: why the bucket's own error document is not what is shown. */
export function describeHtml(error: unknown, { requestId }: FailedRequest, ofDocument?: unknown): ErrorAnswer {
  const known = toS3Error(error)
  const { code, message, status } = known
  const headers = ['Content-Type', 'text/html; charset=utf-8', 'Cache-Control', 'no-store']
  for (const [name, value] of Object.entries(known.headers)) headers.push(name, value)
  headers.push('x-amz-error-code', code, 'x-amz-error-message', message.replaceAll(/[^\x20-\x7e]/g, '?'))
  const title = `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd()
  const items = [...itemsOf(known), item('RequestId', requestId)]
  const body = [
    '<!DOCTYPE html>',
    `<html><head><title>${escaped(title)}</title></head><body>`,
    `<h1>${escaped(title)}</h1>`,
    `<ul>${items.join('')}</ul>`,
    ...(ofDocument === undefined
      ? []
      : [
          '<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>',
          `<ul>${itemsOf(toS3Error(ofDocument)).join('')}</ul>`,
        ]),
    '<hr></body></html>',
  ]
  return { status, headers, body: `${body.join('\n')}\n`, code }
}

function itemsOf({ code, message, fields }: S3Error): readonly string[] {
  const more = Object.entries(fields).map(([name, value]) => item(name, value))
  return [item('Code', code), item('Message', message), ...more]
}

function item(name: string, value: string): string {
  return `<li>${escaped(name)}: ${escaped(value)}</li>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.toWellFormed().replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
}
