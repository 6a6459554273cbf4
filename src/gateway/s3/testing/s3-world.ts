// An S3 face over objects in memory on a free port, with users whose keys sign, and a client that signs by itself (signing-client.ts), so
// that what both sides get wrong alike is not taken for right.

import { request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'

import { CollectingLog } from '../../../../sim/ports/log.ts'
import { AccessWorld } from '../../../../test/fast/rest/access-world.ts'
import { NodeClock } from '../../../node/clock.ts'
import { NodeCompute } from '../../../node/compute.ts'
import { NodeRandom } from '../../../node/random.ts'
import { NodeVault } from '../../../node/vault.ts'
import type { UserRole } from '../../../meta/contract/access-rows.ts'
import { EncryptedObjects } from '../../encryption/encrypted-objects.ts'
import { KeyRing } from '../../encryption/key-ring.ts'
import { ObjectEncryption } from '../../encryption/object-encryption.ts'
import { MemoryKeys } from '../../encryption/testing/memory-keys.ts'
import { accountId } from '../../policy/arn.ts'
import { S3Gateway } from '../s3-gateway.ts'
import type { S3GatewayOptions, S3GatewayParts } from '../s3-gateway.ts'
import { readXml } from '../xml/xml-reader.ts'
import type { XmlElement } from '../xml/xml-element.ts'
import { MemoryObjects } from './memory-objects.ts'
import { presign, sha256, signHeader } from './signing-client.ts'
import type { ClientCredentials } from './signing-client.ts'

export interface S3Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
  /** The document, where there is one. */
  readonly xml: XmlElement
  /** Of an error. */
  readonly code: string
}

export interface S3RequestOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** Who signs; `null`: nobody. Default: the administrator. */
  readonly as?: ClientCredentials | null
  /** `UNSIGNED-PAYLOAD` and the like. Default: the digest of the body. */
  readonly payload?: string
  readonly host?: string
}

export class S3World implements AsyncDisposable {
  readonly objects = new MemoryObjects()
  readonly keys: KeyRing
  readonly log = new CollectingLog()
  readonly access: AccessWorld
  readonly gateway: S3Gateway
  #root: ClientCredentials | undefined
  #port = 0

  private constructor(access: AccessWorld, options: S3GatewayOptions, parts: Pick<S3GatewayParts, 'webhooks'>) {
    this.access = access
    const { control, iam } = access.access
    const ports = { clock: new NodeClock(), compute: new NodeCompute(), random: new NodeRandom(), log: this.log }
    const tokenKey = new Uint8Array(32).fill(9)
    const cipherPorts = { ...ports, vault: new NodeVault() }
    const names = { region: options.region ?? 'us-east-1', account: accountId }
    this.keys = new KeyRing({ ...cipherPorts, metadata: new MemoryKeys() }, new Uint8Array(32).fill(8), names)
    const encryption = new ObjectEncryption(cipherPorts, this.keys)
    const encrypted = new EncryptedObjects(this.objects, encryption, cipherPorts)
    const services = { ...ports, ...parts, objects: this.objects, encrypted, control, iam, tokenKey }
    this.gateway = new S3Gateway(services, options)
  }

  static async start(options: S3GatewayOptions = {}, parts: Pick<S3GatewayParts, 'webhooks'> = {}): Promise<S3World> {
    const access = await AccessWorld.open({ auditReads: true })
    const world = new S3World(access, options, parts)
    world.#port = (await world.gateway.listen('127.0.0.1', 0)).port
    world.#root = await world.user('root', 'admin')
    return world
  }

  get port(): number {
    return this.#port
  }

  get root(): ClientCredentials {
    if (this.#root === undefined) throw new Error('The world has not started.')
    return this.#root
  }

  async user(name: string, role: UserRole): Promise<ClientCredentials> {
    const { accounts } = this.access.access
    await accounts.createUser({ name, role, displayName: name })
    const { row, secret } = await accounts.createKey({ user: name })
    return { accessKeyId: row.id, secret, region: 'us-east-1' }
  }

  /** `target`: path with query, as it goes out. */
  async send(method: string, target: string, options: S3RequestOptions = {}): Promise<S3Answer> {
    const { as = this.root, body = '', headers = {}, host = `127.0.0.1:${this.#port}` } = options
    const [path = '/', query = ''] = splitOnce(target)
    const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body)
    const hasBody = options.body !== undefined || method === 'PUT' || method === 'POST'
    const given: [string, string][] = [['Host', host], ...Object.entries(headers)]
    if (hasBody && headers['Content-Length'] === undefined) given.push(['Content-Length', String(bytes.length)])
    if (as === null) return await this.raw(method, target, given.flat(), bytes)
    const timestamp = amzDate(Date.now())
    const payload = options.payload ?? sha256(bytes)
    const signed = signHeader(as, { method, path, query, headers: given }, { timestamp, payload })
    return await this.raw(method, target, signed.rawHeaders, bytes)
  }

  /** A URL that anybody can use, as its target. */
  presigned(
    method: string,
    target: string,
    options: { readonly expires?: number; readonly host?: string } = {},
  ): string {
    const { expires = 60, host = `127.0.0.1:${this.#port}` } = options
    const [path = '/', query = ''] = splitOnce(target)
    const request = { method, path, query, headers: [['Host', host]] as [string, string][] }
    return `${path}?${presign(this.root, request, { timestamp: amzDate(Date.now()), expires }).query}`
  }

  async raw(method: string, target: string, rawHeaders: readonly string[], body: Uint8Array): Promise<S3Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<S3Answer>()
    const headers = [...rawHeaders]
    const outgoing = httpRequest({ host: '127.0.0.1', port: this.#port, method, path: target, headers, agent: false })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const slices: Buffer[] = []
      response.on('data', (slice: Buffer) => slices.push(slice))
      response.on('error', reject)
      response.on('end', () => resolve(answerOf(response.statusCode ?? 0, response.headers, Buffer.concat(slices))))
    })
    if (body.length === 0) outgoing.end()
    else outgoing.end(body)
    return await promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.close(0)
  }
}

function answerOf(status: number, headers: IncomingHttpHeaders, body: Buffer): S3Answer {
  return {
    status,
    headers,
    body,
    text: body.toString(),
    get xml() {
      return readXml(body, 16 * 1024 * 1024)
    },
    get code() {
      return /<Code>([^<]*)<\/Code>/.exec(body.toString())?.[1] ?? ''
    },
  }
}

/** Texts of the elements at a path of names below the root, in order. */
export function textsAt(root: XmlElement, ...path: readonly string[]): readonly string[] {
  const [name, ...rest] = path
  const found = root.children.filter((child) => child.name === name)
  return rest.length === 0 ? found.map(({ text }) => text) : found.flatMap((child) => textsAt(child, ...rest))
}

export function textAt(root: XmlElement, ...path: readonly string[]): string | undefined {
  return textsAt(root, ...path)[0]
}

export function amzDate(timeMs: number): string {
  return new Date(timeMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
}

function splitOnce(target: string): readonly string[] {
  const mark = target.indexOf('?')
  return mark < 0 ? [target] : [target.slice(0, mark), target.slice(mark + 1)]
}
