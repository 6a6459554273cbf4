import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import fc from 'fast-check'

import { bucketLoggingStatus } from '../documents/bucket-logging-status.ts'
import { operations } from '../operations-table.ts'
import type { OperationName } from '../operations-table.ts'
import { LogBuffers } from './log-buffers.ts'
import { logKeyOf } from './log-keys.ts'
import type { LoggingEnabled } from './log-keys.ts'
import { formatLogLine } from './log-line.ts'
import type { LogRecord } from './log-line.ts'
import { logNameOf } from './log-operations.ts'

const full: LogRecord = {
  bucketOwner: '79a5',
  bucket: 'b',
  atMs: Date.UTC(2019, 1, 6, 0, 0, 38),
  remoteAddress: '192.0.2.3',
  requester: '79a5',
  requestId: '3E57',
  operation: 'REST.GET.OBJECT',
  key: 'photos/2019/ä b.jpg',
  requestLine: 'GET /b/photos HTTP/1.1',
  status: 200,
  errorCode: undefined,
  bytesSent: 113,
  objectBytes: 3462992,
  totalMs: 7.4,
  turnAroundMs: 2.2,
  referer: 'http://a/?Signature=abc&x=1',
  userAgent: 'agent "x"/0.4',
  versionId: '3HL4',
  hostId: 's9lz=',
  signatureVersion: 'SigV4',
  cipherSuite: 'TLS_AES_128_GCM_SHA256',
  authenticationType: 'AuthHeader',
  hostHeader: 'b.s3.example:9000',
  tlsVersion: 'TLSv1.3',
  wasAllowedByAcl: true,
}

/** As programs that read such logs cut a line. */
const fields = /"[^"]*"|\[[^\]]*\]|\S+/g

describe('a line of an access log', () => {
  it('is what AWS writes', () => {
    assert.equal(
      formatLogLine(full),
      '79a5 b [06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a5 3E57 REST.GET.OBJECT photos/2019/%C3%A4%20b.jpg "GET /b/photos HTTP/1.1" 200 ' +
        '- 113 3462992 7 2 "http://a/?Signature=REDACTED&x=1" "agent %22x%22/0.4" 3HL4 s9lz= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader ' +
        'b.s3.example:9000 TLSv1.3 - Yes',
    )
    const empty = {
      ...full,
      bucketOwner: undefined,
      requester: undefined,
      key: '',
      bytesSent: 0,
      objectBytes: undefined,
      turnAroundMs: undefined,
      referer: undefined,
      userAgent: '',
      wasAllowedByAcl: false,
    }
    assert.match(formatLogLine(empty), /^- b .* REST\.GET\.OBJECT - ".*" 200 - - - 7 - "-" "-" .* - -$/)
  })

  it('tells nothing by which a presigned request could be sent again', () => {
    const customerKeys =
      '&x-amz-server-side-encryption-customer-key=yyy&x-amz-copy-source-server-side-encryption-customer-key=xxx'
    const secret = `X-Amz-Signature=abcdef&X-Amz-Security-Token=token%2F&AWSAccessKeyId=A&Signature=zzz${customerKeys}`
    const line = formatLogLine({ ...full, requestLine: `GET /b/k?a=1&${secret} HTTP/1.1` })
    assert.doesNotMatch(line, /abcdef|token%2F|xxx|yyy|zzz/)
    assert.match(line, /"GET \/b\/k\?a=1&X-Amz-Signature=REDACTED.* HTTP\/1\.1"/)
  })

  it('has 26 fields and no end, whatever a client sends', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 })
    fc.assert(
      fc.property(
        fc.record({ key: text, requestLine: text, referer: text, userAgent: text, hostHeader: text }),
        (given) => {
          const line = formatLogLine({ ...full, ...given, versionId: given.hostHeader })
          assert.match(line, /^[\x20-\x7e]+$/)
          assert.equal(line.match(fields)?.length, 26, line)
        },
      ),
    )
  })
})

describe('names in access logs', () => {
  it('are AWS’s for each operation', () => {
    const named: Partial<Record<OperationName, string>> = {
      GetObject: 'REST.GET.OBJECT',
      ListObjectsV2: 'REST.GET.BUCKET',
      GetBucketVersioning: 'REST.GET.VERSIONING',
      GetBucketLogging: 'REST.GET.LOGGING_STATUS',
      GetBucketPolicy: 'REST.GET.BUCKETPOLICY',
      CopyObject: 'REST.COPY.OBJECT',
      UploadPart: 'REST.PUT.PART',
      CompleteMultipartUpload: 'REST.POST.UPLOAD',
      CreateMultipartUpload: 'REST.POST.UPLOADS',
      DeleteObjects: 'REST.POST.MULTI_OBJECT_DELETE',
    }
    for (const [operation, name] of Object.entries(named)) assert.equal(logNameOf(operation as OperationName), name)
    for (const operation of Object.keys(operations))
      assert.match(logNameOf(operation as OperationName), /^REST\.[A-Z]+\.[A-Z_]+$/)
  })

  it('of objects follow the key format of the setting', () => {
    const settingOf = (format: string): LoggingEnabled => {
      const target = '<TargetBucket>t</TargetBucket><TargetPrefix>p/</TargetPrefix>'
      const xml = `<BucketLoggingStatus><LoggingEnabled>${target}${format}</LoggingEnabled></BucketLoggingStatus>`
      const { loggingEnabled } = bucketLoggingStatus.parse(Buffer.from(xml))
      assert.ok(loggingEnabled !== undefined)
      return loggingEnabled
    }
    const keyOf = (format: string): string => {
      const times = { deliveredMs: Date.UTC(2026, 0, 2, 3, 4, 5), eventMs: Date.UTC(2026, 0, 1, 23) }
      return logKeyOf({ setting: settingOf(format), source: 's', region: 'eu-1', ...times, unique: 'ABCD' })
    }
    const format = (inner: string): string => `<TargetObjectKeyFormat>${inner}</TargetObjectKeyFormat>`
    const partitioned = (by: string): string =>
      format(`<PartitionedPrefix><PartitionDateSource>${by}</PartitionDateSource></PartitionedPrefix>`)
    assert.equal(keyOf(''), 'p/2026-01-02-03-04-05-ABCD')
    assert.equal(keyOf(format('<SimplePrefix/>')), 'p/2026-01-02-03-04-05-ABCD')
    assert.equal(keyOf(partitioned('EventTime')), 'p/000000000000/eu-1/s/2026/01/01/2026-01-01-00-00-00-ABCD')
    assert.equal(keyOf(partitioned('DeliveryTime')), 'p/000000000000/eu-1/s/2026/01/02/2026-01-02-03-04-05-ABCD')
  })
})

describe('lines that wait', () => {
  it('are bounded as a whole, also while they are being written', () => {
    const buffers = new LogBuffers()
    const setting = { targetBucket: 't', targetPrefix: '' }
    const text = 'x'.repeat(1024 * 1024 - 1)
    for (let index = 0; index < 20; index++)
      assert.equal(buffers.add(`s${index}`, { text, atMs: 0, setting }), index < 16)
    assert.equal(buffers.takeDropped(), 4)
    const [first, ...rest] = buffers.take()
    assert.ok(first !== undefined)
    assert.equal(rest.length, 15)
    buffers.add('s', { text, atMs: 0, setting })
    assert.equal(buffers.takeDropped(), 1)
    buffers.settle(first)
    for (const batch of rest) buffers.putBack(batch)
    assert.equal(buffers.take().length, 15)
    assert.equal(buffers.takeDropped(), 0)
  })
})
