// S3 over a real cluster: what one face stores the other serves; parts, copies, versions and encryption go through the same data path,
// with two workers of five lost too. The client signs by itself (src/gateway/s3/testing/signing-client.ts).

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { sha256, signHeader } from '../../src/gateway/s3/testing/signing-client.ts'
import { defined } from '../../src/base/assert.ts'
import { freePort, RealCluster } from '../harness/real-cluster.ts'

const credentials = { accessKeyId: 'root-user', secret: 'root-password', region: 'us-east-1' }

async function send(
  base: string,
  [method, target]: readonly [string, string],
  options: { readonly body?: Uint8Array | string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Response> {
  const bytes = Buffer.from(options.body ?? '')
  const [path = '', query = ''] = target.split('?')
  const given: [string, string][] = [['Host', new URL(base).host], ...Object.entries(options.headers ?? {})]
  const timestamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const signed = signHeader(credentials, { method, path, query, headers: given }, { timestamp, payload: sha256(bytes) })
  const headers = new Headers()
  for (let index = 0; index < signed.rawHeaders.length; index += 2)
    if (signed.rawHeaders[index] !== 'Host')
      headers.set(signed.rawHeaders[index] ?? '', signed.rawHeaders[index + 1] ?? '')
  const hasBody = method === 'PUT' || method === 'POST'
  return await fetch(base + target, { method, headers, ...(hasBody ? { body: bytes } : {}) })
}

test('S3 stores and serves over the cluster, also with two workers lost', async () => {
  const port = await freePort()
  const env = { FROSTBYTE_ROOT_USER: credentials.accessKeyId, FROSTBYTE_ROOT_PASSWORD: credentials.secret }
  await RealCluster.use({ env, masterArgs: ['--s3-port', String(port)] }, async (cluster) => {
    const base = `http://127.0.0.1:${port}`
    const ok = async (
      ...call: Parameters<typeof send> extends [string, ...infer Rest] ? Rest : never
    ): Promise<Buffer> => {
      const answer = await send(base, ...call)
      const bytes = Buffer.from(await answer.arrayBuffer())
      assert.ok(answer.ok, `${call[0].join(' ')}: ${answer.status} ${bytes.toString().slice(0, 300)}`)
      return bytes
    }
    const rest = cluster.url
    const content = randomBytes(7_000_000)
    await ok(['PUT', '/photos'])
    await ok(['PUT', '/photos/a/b.bin'], { body: content })
    assert.ok((await ok(['GET', '/photos/a/b.bin'])).equals(content))
    const byRest = await fetch(`${rest}/download?bucket=photos&filename=a/b.bin`)
    assert.ok(Buffer.from(await byRest.arrayBuffer()).equals(content), 'REST serves what S3 stored')
    await fetch(`${rest}/upload?filename=by-rest`, { method: 'PUT', body: 'by rest' })
    assert.equal((await ok(['GET', '/default/by-rest'])).toString(), 'by rest')

    const upload = defined(/<UploadId>(.*?)</.exec((await ok(['POST', '/photos/parts?uploads'])).toString())?.[1], 'id')
    const etags: string[] = []
    for (const number of [1, 2]) {
      const target = `/photos/parts?partNumber=${number}&uploadId=${upload}`
      const answer = await send(base, ['PUT', target], { body: content.subarray(0, number === 1 ? 6_000_000 : 1000) })
      etags.push(answer.headers.get('etag') ?? '')
    }
    const list = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`)
    const body = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`
    await ok(['POST', `/photos/parts?uploadId=${upload}`], { body })
    const whole = Buffer.concat([content.subarray(0, 6_000_000), content.subarray(0, 1000)])
    assert.ok((await ok(['GET', '/photos/parts'])).equals(whole))

    await ok(['PUT', '/photos/sealed'], { body: content, headers: { 'x-amz-server-side-encryption': 'AES256' } })
    await ok(['PUT', '/photos/copy'], { headers: { 'x-amz-copy-source': '/photos/sealed' } })
    await ok(['DELETE', '/photos/sealed'])

    await curlLineOfReadme(base, cluster.directory, content)
    assert.ok((await ok(['GET', '/photos/photo.jpg'])).equals(content), 'the curl line of the README')
    await ok(['DELETE', '/photos/photo.jpg'])

    for (const worker of cluster.workers.slice(0, 2)) await worker.kill()
    assert.ok((await ok(['GET', '/photos/copy'])).equals(content), 'a copy outlives its source, and two workers')
    assert.ok((await ok(['GET', '/photos/parts'])).equals(whole))
    await ok(['PUT', '/photos/meanwhile'], { body: content })
    assert.ok((await ok(['GET', '/photos/meanwhile'])).equals(content))
    const keys = [...(await ok(['GET', '/photos?list-type=2'])).toString().matchAll(/<Key>(.*?)</g)].map(
      ([, key]) => key,
    )
    assert.deepEqual(keys, ['a/b.bin', 'copy', 'meanwhile', 'parts'])
  })
})

/** Runs it as it stands there, in a folder with its photo. */
async function curlLineOfReadme(base: string, folder: string, photo: Uint8Array): Promise<void> {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const [line] = /^curl --aws-sigv4 (?:.*\\\n)*.*$/m.exec(readme) ?? []
  await writeFile(join(folder, 'photo.jpg'), photo)
  const { accessKeyId, secret } = credentials
  const env = { ...process.env, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secret }
  const command = defined(line, 'a curl line').replaceAll('http://localhost:9000', base).replace('curl ', 'curl -fsS ')
  await promisify(execFile)('bash', ['-c', command], { cwd: folder, env })
}
