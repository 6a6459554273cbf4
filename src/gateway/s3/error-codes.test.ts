import assert from 'node:assert/strict'
import { it } from 'node:test'

import { errorTable, FrostError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { s3CodeOf, toS3Error } from './error-codes.ts'
import { s3Answers } from './s3-answers.ts'
import { S3Error, s3ErrorTable } from './s3-error.ts'

const answers = s3Answers('host')

it('every error of the master is an error of S3, of the same class', () => {
  assert.deepEqual(Object.keys(s3CodeOf).sort(), Object.keys(errorTable).sort())
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    const { status } = toS3Error(new FrostError(code, 'x'))
    const own = errorTable[code].status
    // What is a client's mistake is never told as the server's.
    if (own < 500 && s3CodeOf[code] !== 'InternalError') assert.ok(status < 500 || own === 429, code)
    if (own >= 500) assert.ok(status >= 500, code)
  }
})

it('says when to come back where the server is at its limit', () => {
  const given = new FrostError('overloaded', 'x', { retryAfterSeconds: 7 })
  assert.deepEqual(headersOf(given).get('Retry-After'), '7')
  assert.equal(toS3Error(given).code, 'SlowDown')
  assert.deepEqual(headersOf(new S3Error('SlowDown')).get('Retry-After'), '2')
})

it('writes the document of AWS, with everything in it escaped', () => {
  const error = new S3Error('InvalidArgument', 'a<b', { fields: { ArgumentName: 'x&y', ArgumentValue: '"' } })
  const { body, status } = answers.describe(error, { requestId: 'id', method: 'GET', path: '/b/<k>' })
  assert.equal(status, 400)
  assert.equal(
    body,
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InvalidArgument</Code><Message>a&lt;b</Message>' +
      '<ArgumentName>x&amp;y</ArgumentName><ArgumentValue>&quot;</ArgumentValue><Resource>/b/&lt;k&gt;</Resource>' +
      '<RequestId>id</RequestId><HostId>host</HostId></Error>',
  )
})

it('tells nothing of a defect', () => {
  const { body, status } = answers.describe(new Error('secret'), { requestId: 'id' })
  assert.equal(status, 500)
  assert.ok(!body.includes('secret'))
  assert.ok(body.includes(s3ErrorTable.InternalError.message))
})

function headersOf(error: unknown): Map<string, string> {
  const { headers } = answers.describe(error, { requestId: 'id' })
  const map = new Map<string, string>()
  for (let index = 0; index < headers.length; index += 2) map.set(headers[index] ?? '', headers[index + 1] ?? '')
  return map
}
