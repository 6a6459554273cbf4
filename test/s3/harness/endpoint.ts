// Where the clients of the suite find an S3 endpoint: a cluster of the suite's own, once over http and once over TLS. A scenario must be
// fair, which is shown by running it against another implementation too:
//
//   FROSTBYTE_S3_TEST_HTTP=http://127.0.0.1:5000 FROSTBYTE_S3_TEST_KEYS=key:secret npm run test:s3 -- test/s3/boto3.test.ts
//   FROSTBYTE_S3_TEST_TLS=https://127.0.0.1:5001 FROSTBYTE_S3_TEST_CA=ca.crt …
//
// A transport without an address is skipped then.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'

import { defined } from '../../../src/base/assert.ts'
import { makeCerts } from '../../../src/node/certs.ts'
import { trustCaFile } from '../../../src/sdk/node.ts'
import { freePort } from '../../harness/real-cluster.ts'
import { RealUp } from '../../harness/real-up.ts'

export interface S3Endpoint {
  /** `http://127.0.0.1:9000`, without a slash at the end. */
  readonly url: string
  readonly accessKey: string
  readonly secretKey: string
  readonly region: string
  /** Of the authority that the endpoint's certificate is from, in PEM form; `undefined` over http. This process trusts it already. */
  readonly caFile: string | undefined
}

export type Transport = 'http' | 'TLS'

const accessKey = 'suite-of-clients'
const secretKey = 'a-secret/with+signs=that%need&care'
const region = 'us-east-1'

const given = {
  http: process.env['FROSTBYTE_S3_TEST_HTTP'],
  TLS: process.env['FROSTBYTE_S3_TEST_TLS'],
}
const isGiven = given.http !== undefined || given.TLS !== undefined

/** The scenario over each transport, with a cluster of its own that is there before and gone afterwards. */
export function overBothTransports(
  client: string,
  skip: string | false,
  scenario: (endpoint: () => S3Endpoint) => void,
  options: UpOptions = {},
): void {
  for (const transport of ['http', 'TLS'] as const) {
    const isUnnamed = isGiven && given[transport] === undefined
    describe(
      `${client} over ${transport}`,
      { skip: isUnnamed ? `no endpoint over ${transport} was named` : skip },
      () => {
        let endpoint: S3Endpoint | undefined
        let close: () => Promise<void> = () => Promise.resolve()
        before(async () => {
          ;({ endpoint, close } = await openEndpoint(transport, 1, options))
        })
        after(async () => await close())
        scenario(() => defined(endpoint, 'the endpoint was opened'))
      },
    )
  }
}

export interface OpenEndpoint {
  readonly endpoint: S3Endpoint
  /** `undefined` where another implementation was named. */
  readonly up: RealUp | undefined
  readonly close: () => Promise<void>
}

export interface UpOptions {
  /** More options of `up`. */
  readonly args?: readonly string[]
  /** More of its variables. */
  readonly env?: Readonly<Record<string, string>>
  /** The data of a cluster that was stopped; it is taken over. */
  readonly directory?: string
  /** More hosts for the certificate. */
  readonly hosts?: readonly string[]
}

/** `processes`: of the master, all behind the one port. */
export async function openEndpoint(
  transport: Transport,
  processes = 1,
  { args = [], env = {}, directory, hosts = [] }: UpOptions = {},
): Promise<OpenEndpoint> {
  const url = given[transport]
  if (url !== undefined) return await openGiven(url, transport)
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-s3-'))
  try {
    const port = await freePort()
    const certificate = transport === 'TLS' ? await makeCertificate(folder, hosts) : undefined
    const up = await RealUp.start({
      processes,
      ...(directory === undefined ? {} : { directory }),
      args: ['--s3-port', String(port), ...args],
      env: { FROSTBYTE_ROOT_USER: accessKey, FROSTBYTE_ROOT_PASSWORD: secretKey, ...env },
      ...(certificate === undefined ? {} : { certificate }),
    })
    const endpoint = {
      url: `${transport === 'TLS' ? 'https' : 'http'}://127.0.0.1:${port}`,
      accessKey,
      secretKey,
      region,
      caFile: certificate?.ca,
    }
    const close = async (): Promise<void> => {
      await up.remove()
      await rm(folder, { recursive: true, force: true })
    }
    return { endpoint, up, close }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function openGiven(url: string, transport: Transport): Promise<OpenEndpoint> {
  const [key = '', secret = ''] = (process.env['FROSTBYTE_S3_TEST_KEYS'] ?? `${accessKey}:secret`).split(':')
  const caFile = transport === 'TLS' ? process.env['FROSTBYTE_S3_TEST_CA'] : undefined
  if (caFile !== undefined) await trustCaFile(caFile)
  const endpoint = { url: url.replace(/\/$/, ''), accessKey: key, secretKey: secret, region, caFile }
  return { endpoint, up: undefined, close: () => Promise.resolve() }
}

async function makeCertificate(
  folder: string,
  hosts: readonly string[],
): Promise<{ cert: string; key: string; ca: string }> {
  const { cert, key, caCert } = await makeCerts({
    directory: join(folder, 'certs'),
    hosts: ['localhost', '127.0.0.1', ...hosts],
    days: 2,
    nowMs: Date.now(),
  })
  await trustCaFile(caCert)
  return { cert, key, ca: caCert }
}
