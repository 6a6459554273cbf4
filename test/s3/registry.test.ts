// Docker Distribution, a server that keeps its blobs in S3: pushes and pulls as a container engine makes them. Its driver uploads in parts
// that it copies together, lists with delimiters, moves by copying, and sends those who read to presigned links.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { after, before, test } from 'node:test'

import { CreateBucketCommand } from '@aws-sdk/client-s3'

import { MIB } from '../../src/base/units.ts'
import { eventually } from '../harness/eventually.ts'
import { seededBytes } from '../harness/file-client.ts'
import { missing } from '../harness/programs.ts'
import { freePort } from '../harness/real-cluster.ts'
import { sdkClient } from './aws-sdk/client.ts'
import { ClientHome, trusting } from './harness/client-programs.ts'
import { overBothTransports } from './harness/endpoint.ts'
import { putFile } from './harness/sample-tree.ts'

const bucket = 'suite-registry'
const manifestType = 'application/vnd.docker.distribution.manifest.v2+json'
const image = 'suite/image'

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

overBothTransports('Docker Distribution', missing('docker-registry', ['--version']), (endpoint) => {
  let home: ClientHome
  let registry: string
  let child: ChildProcess | undefined
  const layers = [seededBytes(1, 1000), seededBytes(2, 25 * MIB + 3)]
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
  )

  const start = async (): Promise<void> => {
    child = spawn('docker-registry', ['serve', home.path('config.yml')], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: home.env,
    })
    await eventually('the registry', 20_000, async () => ((await fetch(`${registry}/v2/`)).ok ? true : undefined))
  }
  const stop = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }

  before(async () => {
    home = await ClientHome.make(endpoint(), trusting('SSL_CERT_FILE', endpoint()))
    const port = await freePort()
    registry = `http://127.0.0.1:${port}`
    const { url, accessKey, secretKey, region } = endpoint()
    const s3 = {
      accesskey: accessKey,
      secretkey: secretKey,
      region,
      regionendpoint: url,
      bucket,
      secure: url.startsWith('https:'),
    }
    const settings = {
      version: '0.1',
      log: { level: 'error' },
      storage: { s3, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}` },
    }
    await putFile(home.folder, 'config.yml', Buffer.from(JSON.stringify(settings)))
    const client = sdkClient(endpoint())
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    client.destroy()
    await start()
  })
  after(async () => {
    await stop()
    await home.remove()
  })

  const beginUpload = async (): Promise<string> => {
    const response = await fetch(`${registry}/v2/${image}/blobs/uploads/`, { method: 'POST' })
    assert.equal(response.status, 202, await response.text())
    return new URL(response.headers.get('location') ?? '', registry).href
  }

  /** In pieces, as engines do it. */
  const push = async (bytes: Uint8Array<ArrayBuffer>, pieceBytes: number): Promise<void> => {
    let location = await beginUpload()
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const body = bytes.subarray(at, at + pieceBytes)
      const headers = { 'Content-Type': 'application/octet-stream', 'Content-Range': `${at}-${at + body.length - 1}` }
      const response = await fetch(location, { method: 'PATCH', body, headers })
      assert.equal(response.status, 202, await response.text())
      location = new URL(response.headers.get('location') ?? '', registry).href
    }
    const response = await fetch(`${location}&digest=${digestOf(bytes)}`, { method: 'PUT' })
    assert.equal(response.status, 201, await response.text())
  }

  const manifest = (): Buffer => {
    const layerRows = layers.map((layer) => ({
      mediaType: 'application/vnd.docker.image.rootfs.diff.tar',
      size: layer.length,
      digest: digestOf(layer),
    }))
    const configRow = {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      size: config.length,
      digest: digestOf(config),
    }
    return Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: configRow, layers: layerRows }),
    )
  }

  test('takes an image', async () => {
    for (const layer of layers) await push(layer, 11 * MIB)
    await push(new Uint8Array(config), MIB)
    const response = await fetch(`${registry}/v2/${image}/manifests/v1`, {
      method: 'PUT',
      body: new Uint8Array(manifest()),
      headers: { 'Content-Type': manifestType },
    })
    assert.equal(response.status, 201, await response.text())
  })

  test('gives it back, also after it was started anew', async () => {
    await stop()
    await start()
    const response = await fetch(`${registry}/v2/${image}/manifests/v1`, { headers: { Accept: manifestType } })
    assert.ok(Buffer.from(await response.bytes()).equals(manifest()))
    for (const layer of [...layers, new Uint8Array(config)]) {
      const blob = `${registry}/v2/${image}/blobs/${digestOf(layer)}`
      const redirect = await fetch(blob, { redirect: 'manual' })
      assert.equal(redirect.status, 307)
      assert.ok(redirect.headers.get('location')?.startsWith(endpoint().url), 'it sends readers to the store')
      const bytes = await (await fetch(blob)).bytes()
      assert.ok(Buffer.from(bytes).equals(layer), `a layer of ${layer.length} bytes`)
    }
  })

  test('lists images and tags', async () => {
    assert.deepEqual(await (await fetch(`${registry}/v2/_catalog`)).json(), { repositories: [image] })
    assert.deepEqual(await (await fetch(`${registry}/v2/${image}/tags/list`)).json(), { name: image, tags: ['v1'] })
  })

  test('gives up an upload, and deletes an image and its garbage', async () => {
    const location = await beginUpload()
    await fetch(location, {
      method: 'PATCH',
      body: seededBytes(9, 6 * MIB),
      headers: { 'Content-Type': 'application/octet-stream' },
    })
    const response = await fetch(`${registry}/v2/${image}/manifests/${digestOf(manifest())}`, { method: 'DELETE' })
    assert.equal(response.status, 202, await response.text())
    await stop()
    await home.must('docker-registry', ['garbage-collect', '--delete-untagged', home.path('config.yml')])
    await start()
    for (const layer of layers) {
      assert.equal((await fetch(`${registry}/v2/${image}/blobs/${digestOf(layer)}`)).status, 404)
    }
  })
})
