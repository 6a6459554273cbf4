// The signature of a form upload: it covers the policy, as the form has it, and nothing else; what the policy covers is
// post-policy.ts. Source: "Authenticating Requests in Browser-Based Uploads Using POST", Amazon S3 API Reference.

import { S3Error } from '../s3-error.ts'
import { signingAlgorithm } from './canonical-request.ts'
import { parseCredential } from './credential-scope.ts'
import type { FormFields } from './post-policy.ts'
import { invalidArgument, signatureMismatch } from './signature-errors.ts'
import { findSigner } from './signature-verifier.ts'
import type { SecretHolder, SignatureVerifier, VerifiedSignature, VerifyOptions } from './signature-verifier.ts'
import { isSignedV2 } from './signature-v2.ts'
import { parseTimestamp } from './timestamps.ts'

const encoder = new TextEncoder()

/**
 * `undefined`: the form shows no policy, so nobody signed it. The policy itself is for the caller to evaluate.
 * @throws S3Error as AWS for each thing that can be wrong.
 */
export async function verifyForm<Signer extends SecretHolder>(
  verifier: SignatureVerifier,
  fields: FormFields,
  options: Pick<VerifyOptions<Signer>, 'nowMs' | 'findSigner'>,
): Promise<VerifiedSignature<Signer> | undefined> {
  const isV4 = fields.has('x-amz-algorithm') || fields.has('x-amz-credential') || fields.has('x-amz-signature')
  const isV2 = fields.has('awsaccesskeyid') || fields.has('signature')
  const policy = fields.get('policy')
  if (policy === undefined) {
    if (isV4 || isV2) throw missingField('policy')
    return undefined
  }
  return isV4 || !isV2
    ? await verifyV4(verifier, fields, { policy, options })
    : await verifyV2(verifier, fields, { policy, options })
}

interface Policed<Signer extends SecretHolder> {
  readonly policy: string
  readonly options: Pick<VerifyOptions<Signer>, 'nowMs' | 'findSigner'>
}

async function verifyV4<Signer extends SecretHolder>(
  { keys, options: { region } }: SignatureVerifier,
  fields: FormFields,
  { policy, options }: Policed<Signer>,
): Promise<VerifiedSignature<Signer>> {
  const algorithm = required(fields, 'X-Amz-Algorithm')
  const credentialText = required(fields, 'X-Amz-Credential')
  const date = required(fields, 'X-Amz-Date')
  const signature = required(fields, 'X-Amz-Signature')
  if (algorithm === 'AWS4-ECDSA-P256-SHA256') {
    throw new S3Error(
      'NotImplemented',
      `Signatures of ${algorithm} (V4A) are not implemented here: sign with ${signingAlgorithm}.`,
    )
  }
  if (algorithm !== signingAlgorithm)
    throw invalidArgument('X-Amz-Algorithm', algorithm, `Only ${signingAlgorithm} is supported`)
  const signedMs = parseTimestamp(date)
  if (signedMs === undefined)
    throw invalidArgument('X-Amz-Date', date, 'X-Amz-Date must be formated via ISO8601 Long format')
  const { accessKeyId, scope } = parseCredential(credentialText, 'form', { region, service: 's3' })
  const sessionToken = fields.get('x-amz-security-token')
  const signer = await findSigner(options.findSigner, { accessKeyId, sessionToken })
  const key = keys.keyOf(accessKeyId, signer.secret, scope)
  if (!key.matches(encoder.encode(policy), signature))
    throw signatureMismatch({ accessKeyId, stringToSign: policy, signature })
  return formSignature({ signer, accessKeyId, sessionToken, version: 'v4', signedMs })
}

async function verifyV2<Signer extends SecretHolder>(
  { compute, options: { acceptsV2 } }: SignatureVerifier,
  fields: FormFields,
  { policy, options }: Policed<Signer>,
): Promise<VerifiedSignature<Signer>> {
  if (!acceptsV2) {
    throw new S3Error(
      'InvalidRequest',
      `The authorization mechanism you have provided is not supported. Please use ${signingAlgorithm}.`,
    )
  }
  const accessKeyId = required(fields, 'AWSAccessKeyId')
  const signature = required(fields, 'Signature')
  const sessionToken = fields.get('x-amz-security-token')
  const signer = await findSigner(options.findSigner, { accessKeyId, sessionToken })
  if (!isSignedV2(compute, { data: encoder.encode(policy), secret: signer.secret, signature }))
    throw signatureMismatch({ accessKeyId, stringToSign: policy, signature })
  return formSignature({ signer, accessKeyId, sessionToken, version: 'v2', signedMs: undefined })
}

function formSignature<Signer extends SecretHolder>(
  who: Pick<VerifiedSignature<Signer>, 'signer' | 'accessKeyId' | 'sessionToken' | 'version' | 'signedMs'>,
): VerifiedSignature<Signer> {
  return { ...who, place: 'form', payload: { kind: 'unsigned' }, chunks: undefined }
}

function required(fields: FormFields, name: string): string {
  const value = fields.get(name.toLowerCase())
  if (value === undefined || value === '') throw missingField(name)
  return value
}

function missingField(name: string): S3Error {
  return new S3Error(
    'InvalidArgument',
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    { fields: { ArgumentName: name, ArgumentValue: '' } },
  )
}
