// PostObject: a browser's form becomes one object. https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
//
// The form's fields stand for the headers of a put; who signed its policy is the sender, and the policy says what may be in them. All of
// that is checked before the first byte of the file is taken, and its length before anything is committed.

import type { ObjectInfo, ObjectUpload } from '../../../master/object-service.ts'
import { hasMd5 } from '../../encryption/encrypted-objects.ts'
import type { EncryptionRequest } from '../../encryption/encryption-request.ts'
import { keyOf } from '../../encryption/encryption-request.ts'
import { planBody } from '../body/body-plan.ts'
import { receivePostForm } from '../body/post-form.ts'
import type { PostForm } from '../body/post-form.ts'
import { S3Body } from '../body/s3-body.ts'
import { causeOf } from '../change-cause.ts'
import { objectTagging } from '../documents/tagging.ts'
import { writePostResponse } from '../documents/object-results.ts'
import { addEncryptionHeaders, encryptionOfWrite } from '../encryption/call-encryption.ts'
import { addExpirationHeader } from '../lifecycle/lifecycle-headers.ts'
import { locationOf } from '../object-location.ts'
import { addNewVersionHeader, checkKey, quoted } from '../object-names.ts'
import { propertiesOf, shapeOfWrite } from '../put-properties.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { verifyForm } from '../signature/form-signature.ts'
import { checkFormLength, checkPostPolicy, parsePostPolicy } from '../signature/post-policy.ts'
import type { FormFields, PostPolicy } from '../signature/post-policy.ts'
import { writtenHeader } from '../written-headers.ts'
import { putBytesMax, sealingOf } from './put-object.ts'

/** An upload under way, with what stands before it. */
interface Posting {
  readonly call: S3Call
  readonly fields: FormFields
  readonly policy: PostPolicy | undefined
  readonly body: S3Body
  readonly upload: ObjectUpload<ObjectInfo>
  readonly encryption: EncryptionRequest | undefined
}

export async function handlePostObject(call: S3Call, parts: S3Parts): Promise<void> {
  const { exchange, bucket } = call
  let posting: Posting | undefined
  const open = async (form: PostForm): Promise<S3Body> => {
    posting = await openPosting(call, parts, form)
    return posting.body
  }
  try {
    await receivePostForm(exchange, { bucket, watch: parts.uploadWatch, open })
    if (posting === undefined) throw new S3Error('MalformedPOSTRequest')
    await finish(posting, parts)
  } catch (error) {
    posting?.upload.abort(error)
    throw error
  }
}

async function openPosting(call: S3Call, parts: S3Parts, { fields, key }: PostForm): Promise<Posting> {
  const { encrypted, access, clock, compute } = parts
  const nowMs = clock.wallMs()
  checkKey(key)
  call.notes.key = key
  const verified = await verifyForm(access.verifier, fields, {
    nowMs,
    findSigner: (id, token) => access.findSigner(id, token),
  })
  const policyText = fields.get('policy')
  const policy = policyText === undefined ? undefined : parsePostPolicy(policyText)
  if (policy !== undefined) checkPostPolicy(policy, fields, nowMs)
  // A signature of the head covers no form: whoever saw one request could send another form with it.
  if (verified === undefined && call.sender.signature !== undefined)
    throw new S3Error('AccessDenied', 'A form is signed by its policy, not by the head of its request.')
  const sender = verified === undefined ? call.sender : access.senderOf(verified)
  call.exchange.principal = sender.principal
  call.notes.sender = sender
  const formCall: S3Call = { ...call, key, sender, headers: headersOf(fields) }
  access.authorize(formCall, shapeOfWrite(formCall))
  const plan = planBody(checksumFields(fields), { kind: 'unsigned' })
  const encryption = encryptionOfWrite(formCall, parts)
  const cause = causeOf(formCall, parts, 's3:ObjectCreated:Post')
  const { exchange, bucket } = call
  const request = { bucket, key, ...propertiesOf(formCall, parts), trail: exchange.trail, cause }
  const upload = await encrypted.put(request, encryption)
  const sizeBytesMax = Math.min(policy?.lengthRange?.max ?? putBytesMax, putBytesMax)
  const body = new S3Body({ compute, clock, sink: upload }, { plan, etag: hasMd5(encryption?.kind), sizeBytesMax })
  return { call: formCall, fields, policy, body, upload, encryption }
}

async function finish(posting: Posting, parts: S3Parts): Promise<void> {
  const { call, fields, policy, body, upload, encryption } = posting
  const digests = body.finish()
  if (policy !== undefined) checkFormLength(policy, body.sizeBytes)
  const info = await upload.finish(sealingOf({ ...digests, sizeBytes: body.sizeBytes }))
  call.notes.objectBytes = info.sizeBytes
  answer(call, parts, { fields, info, encryption })
}

/** As the headers of a put, by the names that forms have for them. @throws S3Error `InvalidArgument`: one cannot be a header. */
function headersOf(fields: FormFields): S3Call['headers'] {
  const headers: Record<string, string> = {}
  for (const [name, text] of fields) {
    if (name === 'acl') headers['x-amz-acl'] = writtenHeader('x-amz-acl', text)
    else if (name === 'tagging') headers['x-amz-tagging'] = taggingHeader(text)
    else if (name.startsWith('x-amz-') || formHeaders.has(name)) headers[name] = writtenHeader(name, text)
  }
  return headers
}

const formHeaders: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
])

/** A form has tags as a document. */
function taggingHeader(document: string): string {
  const { tags } = objectTagging.parse(new TextEncoder().encode(document))
  return tags.map(({ key, value }) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&')
}

function checksumFields(fields: FormFields): FormFields {
  return new Map([...fields].filter(([name]) => name === 'content-md5' || name.startsWith('x-amz-checksum-')))
}

function answer(
  call: S3Call,
  parts: S3Parts,
  { fields, info, encryption }: Pick<Posting, 'fields' | 'encryption'> & { readonly info: ObjectInfo },
): void {
  const { exchange, bucket, key } = call
  const etag = quoted(info.etag)
  const location = locationOf(call)
  const headers = ['ETag', etag]
  addNewVersionHeader(headers, info)
  addExpirationHeader(headers, call, parts, info)
  addEncryptionHeaders(headers, parts, info, keyOf(encryption))
  const target = redirectTarget(fields)
  if (target !== undefined) {
    target.searchParams.set('bucket', bucket)
    target.searchParams.set('key', key)
    target.searchParams.set('etag', etag)
    exchange.send(303, [...headers, 'Location', target.href], undefined)
    return
  }
  headers.push('Location', location)
  const status = fields.get('success_action_status')
  if (status === '201') {
    const body = writePostResponse({ location, bucket, key, etag })
    exchange.send(201, [...headers, 'Content-Type', 'application/xml'], body)
  } else {
    exchange.send(status === '200' ? 200 : 204, headers, undefined)
  }
}

/** What is no URL of the web is taken for none, as AWS does. */
function redirectTarget(fields: FormFields): URL | undefined {
  const text = fields.get('success_action_redirect') ?? fields.get('redirect')
  const target = text === undefined ? null : URL.parse(text)
  return target?.protocol === 'http:' || target?.protocol === 'https:' ? target : undefined
}
