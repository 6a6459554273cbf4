// `frostbyte certs`: a certificate authority for development, and a server's certificate signed by it. Keys are made by Node.js (P-256 is
// not what node-forge signs with, so RSA of 2,048 bits), certificates by node-forge, which is loaded only here.

import { generateKeyPair, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { FrostError } from '../base/errors.ts'
import { DAY_MS } from '../base/units.ts'
import { readTextIfThere, writeDurably } from './durable-files.ts'

export interface CertsOptions {
  readonly directory: string
  /** Names and addresses of the server; at least one. */
  readonly hosts: readonly string[]
  readonly days: number
  readonly nowMs: number
}

export interface CertFiles {
  readonly caCert: string
  readonly caKey: string
  readonly cert: string
  readonly key: string
  /** Whether the authority was there already. */
  readonly isCaKept: boolean
}

const caDays = 3_650
const organization = 'FrostByte development'
const privateMode = 0o600
const publicMode = 0o644

/** @throws FrostError `config-invalid`: the directory holds half of an authority, or one that is none. */
export async function makeCerts({ directory, hosts, days, nowMs }: CertsOptions): Promise<CertFiles> {
  const files = {
    caCert: join(directory, 'ca.crt'),
    caKey: join(directory, 'ca.key'),
    cert: join(directory, 'server.crt'),
    key: join(directory, 'server.key'),
  }
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const kept = await readCa(files)
  const ca = kept ?? (await makeCa(nowMs))
  const server = await makeServer(ca, hosts, { days, nowMs })
  if (kept === undefined) {
    await writeDurably(files.caKey, ca.key, privateMode)
    await writeDurably(files.caCert, ca.cert, publicMode)
  }
  await writeDurably(files.key, server.key, privateMode)
  await writeDurably(files.cert, server.cert, publicMode)
  return { ...files, isCaKept: kept !== undefined }
}

interface Pair {
  readonly cert: string
  readonly key: string
}

async function makeCa(nowMs: number): Promise<Pair> {
  const key = await makeKey()
  const name = [
    { name: 'commonName', value: 'FrostByte development CA' },
    { name: 'organizationName', value: organization },
  ]
  const cert = await sign({
    subject: name,
    issuer: name,
    publicKey: key,
    signingKey: key,
    nowMs,
    days: caDays,
    extensions: [
      { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
      { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
      { name: 'subjectKeyIdentifier' },
    ],
  })
  return { cert, key }
}

async function makeServer(
  ca: Pair,
  hosts: readonly string[],
  { days, nowMs }: { readonly days: number; readonly nowMs: number },
): Promise<Pair> {
  const { default: forge } = await import('node-forge')
  const issuer = forge.pki.certificateFromPem(ca.cert)
  const key = await makeKey()
  const altNames = hosts.map((host) => (isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host }))
  const cert = await sign({
    subject: [
      { name: 'commonName', value: (hosts[0] ?? 'localhost').slice(0, 64) },
      { name: 'organizationName', value: organization },
    ],
    issuer: issuer.subject.attributes,
    publicKey: key,
    signingKey: ca.key,
    nowMs,
    days,
    extensions: [
      { name: 'basicConstraints', critical: true, cA: false },
      { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
      { name: 'subjectKeyIdentifier' },
      { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
    ],
  })
  return { cert, key }
}

/** PKCS #8 in PEM. */
async function makeKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return privateKey
}

interface Certificate {
  readonly subject: readonly object[]
  readonly issuer: readonly object[]
  /** The private key whose public part is certified. */
  readonly publicKey: string
  readonly signingKey: string
  readonly nowMs: number
  readonly days: number
  readonly extensions: readonly object[]
}

async function sign(given: Certificate): Promise<string> {
  const { default: forge } = await import('node-forge')
  const certificate = forge.pki.createCertificate()
  const { n, e } = forge.pki.privateKeyFromPem(given.publicKey)
  certificate.publicKey = forge.pki.setRsaPublicKey(n, e)
  certificate.serialNumber = serialOf(randomBytes(16))
  certificate.validity.notBefore = new Date(given.nowMs - DAY_MS) // for clocks that are behind
  certificate.validity.notAfter = new Date(given.nowMs + given.days * DAY_MS)
  certificate.setSubject([...given.subject])
  certificate.setIssuer([...given.issuer])
  certificate.setExtensions([...given.extensions])
  certificate.sign(forge.pki.privateKeyFromPem(given.signingKey), forge.md.sha256.create())
  return forge.pki.certificateToPem(certificate).replaceAll('\r', '')
}

/**
 * Hex digits of a serial number (RFC 5280, section 4.1.2.2): positive, and without a zero in front, which DER does not have and OpenSSL
 * does not read.
 */
export function serialOf(random: Uint8Array): string {
  const bytes = Buffer.from(random)
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f)
  return bytes.toString('hex')
}

async function readCa({ caCert, caKey }: Pick<CertFiles, 'caCert' | 'caKey'>): Promise<Pair | undefined> {
  const [cert, key] = await Promise.all([readIfThere(caCert), readIfThere(caKey)])
  if (cert === undefined && key === undefined) return undefined
  if (cert !== undefined && key !== undefined) return { cert, key }
  throw new FrostError('config-invalid', `Of ${caCert} and ${caKey} one is missing.`, {
    remedy: 'Restore it, or choose an empty directory.',
  })
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readTextIfThere(path)
  } catch (error) {
    throw new FrostError('config-invalid', `${path} cannot be read.`, { cause: error })
  }
}
