// Links and forms: a right to one request, given to somebody without credentials.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

import { expectError, makeBucket, put, textOf } from './client.ts'
import type { Sdk } from './client.ts'

/** The code in the body of an error. */
async function codeOf(response: Response): Promise<string> {
  return `${response.status} ${/<Code>(\w+)<\/Code>/.exec(await response.text())?.[1]}`
}

export function links(sdk: Sdk): void {
  let bucket: string
  const at = (Key: string): { Bucket: string; Key: string } => ({ Bucket: bucket, Key })
  before(async () => {
    bucket = await makeBucket(sdk)
    await put(sdk, [bucket, 'linked + ä'], 'by a link')
  })

  test('a link puts, reads and deletes', async () => {
    const putLink = await getSignedUrl(
      sdk.client(),
      new PutObjectCommand({ ...at('put'), ContentType: 'text/x-link' }),
      { expiresIn: 60 },
    )
    const answer = await fetch(putLink, { method: 'PUT', body: 'put', headers: { 'Content-Type': 'text/x-link' } })
    assert.equal(answer.status, 200, await answer.text())
    const getLink = await getSignedUrl(
      sdk.client(),
      new GetObjectCommand({ ...at('linked + ä'), ResponseContentType: 'text/x-other' }),
    )
    const read = await fetch(getLink)
    assert.equal(read.headers.get('content-type'), 'text/x-other')
    assert.equal(await read.text(), 'by a link')
    const part = await fetch(getLink, { headers: { Range: 'bytes=3-3' } })
    assert.deepEqual([part.status, await part.text()], [206, 'a'])
    const headLink = await getSignedUrl(sdk.client(), new HeadObjectCommand(at('put')))
    assert.equal((await fetch(headLink, { method: 'HEAD' })).headers.get('content-length'), '3')
    const deleteLink = await getSignedUrl(sdk.client(), new DeleteObjectCommand(at('put')))
    assert.equal((await fetch(deleteLink, { method: 'DELETE' })).status, 204)
    await expectError(textOf(sdk, [bucket, 'put']), 'NoSuchKey', 404)
  })

  test('a link gives nothing but what it was made for', async () => {
    const link = await getSignedUrl(sdk.client(), new GetObjectCommand(at('linked + ä')))
    assert.equal(await codeOf(await fetch(link.replace('linked', 'locked'))), '403 SignatureDoesNotMatch')
    assert.equal(await codeOf(await fetch(link, { method: 'DELETE' })), '403 SignatureDoesNotMatch')
    assert.equal(await codeOf(await fetch(`${link}&versionId=null`)), '403 SignatureDoesNotMatch')
    const signature = /X-Amz-Signature=([0-9a-f]+)/.exec(link)?.[1] ?? ''
    const other = signature.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    assert.equal(await codeOf(await fetch(link.replace(signature, other))), '403 SignatureDoesNotMatch')
    const stranger = link.replace(/X-Amz-Credential=[^%]+/, 'X-Amz-Credential=STRANGER')
    assert.equal(await codeOf(await fetch(stranger)), '403 InvalidAccessKeyId')
  })

  test('a link ends with its time, and cannot be made for too long', async () => {
    const short = await getSignedUrl(sdk.client(), new GetObjectCommand(at('linked + ä')), { expiresIn: 1 })
    await sleep(2500)
    const late = await fetch(short)
    const said = await late.text()
    assert.equal(late.status, 403)
    assert.match(said, /<Code>AccessDenied<\/Code>/)
    assert.match(said, /Request has expired/i)
    const long = await getSignedUrl(sdk.client(), new GetObjectCommand(at('linked + ä')), { expiresIn: 604_800 })
    assert.equal((await fetch(long)).status, 200)
    const tooLong = await fetch(long.replace('X-Amz-Expires=604800', 'X-Amz-Expires=604801'))
    assert.equal(await codeOf(tooLong), '400 AuthorizationQueryParametersError')
  })

  test('a form uploads within its conditions', async () => {
    const made = await createPresignedPost(sdk.client(), {
      ...at(`forms/$${'{filename}'}`),
      Conditions: [
        ['starts-with', '$key', 'forms/'],
        ['content-length-range', 2, 10],
        ['eq', '$x-amz-meta-from', 'a form'],
      ],
      Fields: { 'x-amz-meta-from': 'a form', 'success_action_status': '201' },
      Expires: 60,
    })
    const post = async (body: string, change: Readonly<Record<string, string>> = {}): Promise<Response> => {
      const form = new FormData()
      for (const [name, value] of Object.entries({ ...made.fields, ...change })) form.set(name, value)
      form.set('file', new Blob([body]), 'my file')
      return await fetch(made.url, { method: 'POST', body: form })
    }
    const answer = await post('in a form')
    assert.equal(answer.status, 201)
    assert.match(await answer.text(), /<Key>forms\/my file<\/Key>/)
    assert.equal(await textOf(sdk, [bucket, 'forms/my file']), 'in a form')
    const head = await sdk.client().send(new HeadObjectCommand(at('forms/my file')))
    assert.deepEqual(head.Metadata, { from: 'a form' })
    assert.equal(await codeOf(await post('more than ten bytes')), '400 EntityTooLarge')
    assert.equal(await codeOf(await post('1')), '400 EntityTooSmall')
    assert.equal(await codeOf(await post('abc', { key: 'elsewhere' })), '403 AccessDenied')
    assert.equal(await codeOf(await post('abc', { 'x-amz-meta-from': 'me' })), '403 AccessDenied')
  })

  test('nobody reads without credentials until a policy lets them', async () => {
    const { url } = sdk.endpoint()
    await put(sdk, [bucket, 'open/page'], 'open to all')
    assert.equal(await codeOf(await fetch(`${url}/${bucket}/open/page`)), '403 AccessDenied')
    await sdk
      .client()
      .send(new DeletePublicAccessBlockCommand({ Bucket: bucket }))
      .catch(() => undefined)
    const statement = {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${bucket}/open/*`,
    }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    await sdk.client().send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }))
    assert.equal(await (await fetch(`${url}/${bucket}/open/page`)).text(), 'open to all')
    assert.equal(await codeOf(await fetch(`${url}/${bucket}/closed`)), '403 AccessDenied')
    assert.equal(await codeOf(await fetch(`${url}/${bucket}?list-type=2`)), '403 AccessDenied')
    assert.equal(
      await codeOf(await fetch(`${url}/${bucket}/open/page`, { method: 'PUT', body: '' })),
      '403 AccessDenied',
    )
  })
}
