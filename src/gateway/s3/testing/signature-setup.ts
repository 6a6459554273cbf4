// A verifier, its time and its one signer, for the tests of signatures.

import { FrostError } from '../../../base/errors.ts'
import { NodeCompute } from '../../../node/compute.ts'
import { SignatureVerifier } from '../signature/signature-verifier.ts'
import type { WireRequest } from '../signature/canonical-request.ts'
import type { SecretHolder, VerifiedSignature, VerifyOptions } from '../signature/signature-verifier.ts'
import { exampleCredentials } from './signing-client.ts'
import type { SentRequest } from './signing-client.ts'

export const timestamp = '20130524T000000Z'
/** Half a minute later. */
export const nowMs = Date.UTC(2013, 4, 24, 0, 0, 30)

export interface TestSigner extends SecretHolder {
  readonly name: string
}

export const verifier = new SignatureVerifier(new NodeCompute(), { region: 'us-east-1', acceptsV2: false })

export function findTestSigner(accessKeyId: string, sessionToken: string | undefined): Promise<TestSigner | undefined> {
  if (accessKeyId === 'disabled') return Promise.reject(new FrostError('credentials-invalid', 'disabled'))
  if (accessKeyId !== exampleCredentials.accessKeyId) return Promise.resolve(undefined)
  return Promise.resolve({
    secret: new TextEncoder().encode(exampleCredentials.secret),
    name: sessionToken === undefined ? 'the user' : `the session ${sessionToken}`,
  })
}

export type VerifyChanges = Partial<VerifyOptions<TestSigner>> & Partial<Pick<WireRequest, 'isOwnHost' | 'otherHosts'>>

export async function verifySent(
  sent: SentRequest,
  changes: VerifyChanges = {},
): Promise<VerifiedSignature<TestSigner> | undefined> {
  const { otherHosts, isOwnHost = true, ...options } = changes
  const request = { ...sent, isOwnHost, ...(otherHosts === undefined ? {} : { otherHosts }) }
  return await verifier.verify(request, { nowMs, findSigner: findTestSigner, ...options })
}

/** The request with one of its headers changed, added (`undefined` before) or left out (`undefined` after). */
export function withHeader(sent: SentRequest, name: string, value: string | undefined): SentRequest {
  const rawHeaders: string[] = []
  let isFound = false
  for (let index = 0; index + 1 < sent.rawHeaders.length; index += 2) {
    const [header = '', before = ''] = sent.rawHeaders.slice(index, index + 2)
    const isIt = header.toLowerCase() === name.toLowerCase()
    isFound ||= isIt
    if (!isIt) rawHeaders.push(header, before)
    else if (value !== undefined) rawHeaders.push(header, value)
  }
  if (!isFound && value !== undefined) rawHeaders.push(name, value)
  return { ...sent, rawHeaders }
}

export function headerOf(sent: SentRequest, name: string): string {
  const at = sent.rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name.toLowerCase())
  return sent.rawHeaders[at + 1] ?? ''
}
