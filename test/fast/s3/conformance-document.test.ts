// Holds the table of operations in docs/reference/s3.md to the router, and each supported operation to a test that sends it.
// To bring it up to date after a change: FROSTBYTE_UPDATE_DOCS=1 node --test test/fast/s3/conformance-document.test.ts

import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'

import { handlerOf } from '../../../src/gateway/s3/handlers.ts'
import { operations } from '../../../src/gateway/s3/operations-table.ts'
import type { OperationName } from '../../../src/gateway/s3/operations-table.ts'

const document = new URL('../../../docs/reference/s3.md', import.meta.url)
const operationTests = new URL('../../../src/gateway/s3/operations/', import.meta.url)
const clientTests = new URL('../../../test/s3/', import.meta.url)
const begin = '<!-- operations: begin -->'
const end = '<!-- operations: end -->'
const names = Object.keys(operations) as OperationName[]

/** Which file of src/gateway/s3/operations/ sends it. */
const testsOf: readonly (readonly [RegExp, string])[] = [
  [/^(List|Get|Delete|Put)Bucket(Analytics|Inventory|Metrics|IntelligentTiering)/, 'bucket-settings.test.ts'],
  [
    /^(CreateMultipartUpload|UploadPart|UploadPartCopy|CompleteMultipartUpload|AbortMultipartUpload)$/,
    'multipart.test.ts',
  ],
  [/^(ListParts|ListMultipartUploads|CopyObject|ListObjectVersions|DeleteObjects)$/, 'multipart.test.ts'],
  [/Object(Tagging|Retention|LegalHold|Attributes|Acl)$|^RestoreObject$/, 'object-resources.test.ts'],
  [/^PostObject$/, 'post-object.test.ts'],
  [/^(ListBuckets|CreateBucket|HeadBucket|DeleteBucket|GetBucketLocation)$/, 'objects.test.ts'],
  [/^(ListObjects|ListObjectsV2|PutObject|GetObject|HeadObject|DeleteObject)$/, 'objects.test.ts'],
  [/Bucket|PublicAccessBlock|ObjectLockConfiguration/, 'bucket-settings.test.ts'],
]

function testOf(name: OperationName): string | undefined {
  return testsOf.find(([pattern]) => pattern.test(name))?.[1]
}

function requestOf(name: OperationName): string {
  const { method, target, query, header } = operations[name]
  const path = { service: '/', bucket: '/BUCKET', object: '/BUCKET/KEY' }[target]
  const more = query === undefined ? '' : `?${query.join('&')}`
  return `\`${method} ${path}${more}\`${header === undefined ? '' : `, \`${header}\``}`
}

function render(): string {
  const rows = names.map((name) => {
    const { unsupported } = operations[name]
    const outcome = unsupported === undefined ? `yes | \`${testOf(name)}\`` : `\`NotImplemented\` | ${unsupported}`
    return `| ${name} | ${requestOf(name)} | ${outcome} |`
  })
  return ['| operation | request | supported | tests, or why not |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

test('the reference of S3 has every operation as the router has it', async () => {
  const text = await readFile(document, 'utf8')
  const [start, stop] = [text.indexOf(begin), text.indexOf(end)]
  assert.ok(start > 0 && stop > start)
  const current = `${text.slice(0, start + begin.length)}\n\n${render()}\n\n${text.slice(stop)}`
  if (process.env['FROSTBYTE_UPDATE_DOCS'] === '1') await writeFile(document, current)
  else assert.equal(text, current, 'docs/reference/s3.md is not up to date: see the head of this test')
})

test('every supported operation has a handler and a test, every other one neither', async () => {
  const files = await readdir(operationTests)
  for (const name of names) {
    const isSupported = operations[name].unsupported === undefined
    assert.equal(handlerOf(name) !== undefined, isSupported, name)
    if (isSupported) assert.ok(files.includes(testOf(name) ?? ''), name)
  }
})

test('the clients of the acceptance suite that the reference speaks of are there', async () => {
  assert.ok((await readdir(clientTests)).includes('aws-sdk.test.ts'))
})
