// A proxy before the endpoint, nginx as people set it up: what clients sign is for the proxy's address, which the header Host does not tell
// any more. Links in both styles, and requests with bodies.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

import { MIB } from '../../src/base/units.ts'
import { makeCerts } from '../../src/node/certs.ts'
import { trustCaFile } from '../../src/sdk/node.ts'
import { seededBytes } from '../harness/file-client.ts'
import { freePort } from '../harness/real-cluster.ts'
import { openEndpoint } from './harness/endpoint.ts'
import type { OpenEndpoint } from './harness/endpoint.ts'
import { loopbackAgents, requestLocally } from './harness/local-names.ts'
import { Nginx, withoutNginx } from './harness/nginx.ts'

const domain = 's3.localhost'
const bucket = 'behind-a-proxy'

describe('behind nginx', { skip: withoutNginx() }, () => {
  let folder: string
  let open: OpenEndpoint
  let nginx: Nginx
  /** Changes Host and says nothing; keeps it but for the port, and ends TLS; changes it, and says what it was. */
  let urls: { readonly plain: string; readonly tls: string; readonly forwarding: string }
  const clients: S3Client[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-proxies-'))
    const hosts = [domain, `*.${domain}`]
    const certificate = await makeCerts({ directory: folder, hosts, days: 2, nowMs: Date.now() })
    await trustCaFile(certificate.caCert)
    const ports = [await freePort(), await freePort(), await freePort()] as const
    const [plain, tls, forwarding] = ports
    urls = {
      plain: `http://${domain}:${plain}`,
      tls: `https://${domain}:${tls}`,
      forwarding: `http://${domain}:${forwarding}`,
    }
    const args = ['--s3-domain', domain, '--s3-endpoint', `${urls.plain},${urls.tls}`, '--trusted-proxies', '127.0.0.1']
    open = await openEndpoint('http', 1, { args })
    nginx = await Nginx.start(open.endpoint.url, [
      { port: plain, lines: [] },
      {
        port: tls,
        certificate,
        lines: ['proxy_set_header Host $host;', 'proxy_set_header X-Forwarded-Proto $scheme;'],
      },
      { port: forwarding, lines: ['proxy_set_header X-Forwarded-Host $http_host;'] },
    ])
    await clientAt(open.endpoint.url, true).send(new CreateBucketCommand({ Bucket: bucket }))
  })
  after(async () => {
    for (const client of clients) client.destroy()
    await nginx.stop()
    await open.close()
    await rm(folder, { recursive: true, force: true })
  })

  function clientAt(url: string, forcePathStyle: boolean): S3Client {
    const { accessKey: accessKeyId, secretKey: secretAccessKey, region } = open.endpoint
    const credentials = { accessKeyId, secretAccessKey }
    const client = new S3Client({
      endpoint: url,
      region,
      credentials,
      forcePathStyle,
      requestHandler: loopbackAgents(),
    })
    clients.push(client)
    return client
  }

  async function useAll(client: S3Client, folderOf: string): Promise<void> {
    const at = (Key: string): { Bucket: string; Key: string } => ({ Bucket: bucket, Key: `${folderOf}/${Key}` })
    await client.send(new PutObjectCommand({ ...at('ä + b'), Body: 'small' }))
    const large = seededBytes(7, 11 * MIB)
    await new Upload({ client, params: { ...at('large'), Body: large } }).done()
    const { Body } = await client.send(new GetObjectCommand(at('large')))
    assert.ok(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(large))
    const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: `${folderOf}/` }))
    assert.equal(KeyCount, 2)
    const put = await getSignedUrl(client, new PutObjectCommand(at('linked')))
    assert.equal((await requestLocally(put, { method: 'PUT', body: 'by a link' })).status, 200)
    const get = await getSignedUrl(client, new GetObjectCommand(at('linked')))
    assert.deepEqual(await requestLocally(get), { status: 200, body: Buffer.from('by a link') })
    assert.equal((await requestLocally(get.replace('linked', 'large'))).status, 403)
  }

  test('paths, where it changes the header Host and says nothing', async () => {
    await useAll(clientAt(urls.plain, true), 'plain-paths')
  })

  test('paths and hosts, where it ends TLS and leaves the port out', async () => {
    await useAll(clientAt(urls.tls, true), 'tls-paths')
    await useAll(clientAt(urls.tls, false), 'tls-hosts')
  })

  test('paths and hosts, where it is trusted to say what the header Host was', async () => {
    await useAll(clientAt(urls.forwarding, true), 'forwarding-paths')
    await useAll(clientAt(urls.forwarding, false), 'forwarding-hosts')
  })

  test('a bucket’s host that nobody tells is refused', async () => {
    const lost = clientAt(urls.plain, false).send(new ListObjectsV2Command({ Bucket: bucket }))
    await assert.rejects(lost, (error) => error instanceof S3ServiceException && error.$metadata.httpStatusCode === 403)
  })
})
