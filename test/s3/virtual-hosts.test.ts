// Buckets in the host, `BUCKET.s3.localhost`: the style that AWS's own clients and s3cmd take by themselves wherever a name allows it.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

import { MIB } from '../../src/base/units.ts'
import { ClientHome, trusting } from './harness/client-programs.ts'
import { overBothTransports } from './harness/endpoint.ts'
import { loopbackAgents, requestLocally } from './harness/local-names.ts'
import { installPythonClients, withoutPython } from './harness/python-clients.ts'
import { expectSameTrees, makeSampleTree, putFile } from './harness/sample-tree.ts'

const domain = 's3.localhost'
const folder = join(import.meta.dirname, 'virtual-hosts')
const options = { args: ['--s3-domain', domain, '--s3-signature-v2'], hosts: [domain, `*.${domain}`] }
const key = 'a folder/größe + 100%.bin'

overBothTransports(
  'buckets in the host',
  false,
  (endpoint) => {
    const at = (): URL => new URL(endpoint().url.replace('127.0.0.1', domain))

    describe('the AWS SDK', () => {
      const bucket = 'sdk-by-host'
      const agents = loopbackAgents()
      const hosts = new Set<string>()
      let client: S3Client

      before(async () => {
        const { region, accessKey, secretKey } = endpoint()
        client = new S3Client({
          endpoint: at().origin,
          region,
          credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
          requestHandler: agents,
        })
        client.middlewareStack.add(
          (next) => async (args) => {
            if (typeof args.request === 'object' && args.request !== null && 'hostname' in args.request)
              hosts.add(String(args.request.hostname))
            return await next(args)
          },
          { step: 'finalizeRequest' },
        )
        await client.send(new CreateBucketCommand({ Bucket: bucket }))
      })
      after(() => client.destroy())

      const textOf = async (Key: string): Promise<string> => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }))
        return (await Body?.transformToString()) ?? ''
      }

      test('puts, reads, copies, lists and deletes', async () => {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'by the host' }))
        const CopySource = encodeURI(`${bucket}/${key}`)
        await client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'copy', CopySource }))
        assert.equal(await textOf('copy'), 'by the host')
        const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
        assert.deepEqual(
          Contents.map((row) => row.Key),
          [key, 'copy'],
        )
        const { Buckets = [] } = await client.send(new ListBucketsCommand({}))
        assert.ok(Buckets.some(({ Name }) => Name === bucket))
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'copy' }))
        await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: [{ Key: key }] } }))
        const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
        assert.equal(KeyCount, 0)
        assert.deepEqual([...hosts].toSorted(), [domain, `${bucket}.${domain}`].toSorted())
      })

      test('uploads in parts', async () => {
        const body = randomBytes(11 * MIB + 3)
        const { Location } = await new Upload({ client, params: { Bucket: bucket, Key: key, Body: body } }).done()
        assert.equal(
          Location,
          `${at().protocol}//${bucket}.${at().host}/${key.split('/').map(encodeURIComponent).join('/')}`,
        )
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
        assert.ok(body.equals((await Body?.transformToByteArray()) ?? new Uint8Array()))
      })

      test('makes links and forms that work, for this bucket only', async () => {
        const put = await getSignedUrl(client, new PutObjectCommand({ Bucket: bucket, Key: 'linked' }))
        assert.equal(new URL(put).hostname, `${bucket}.${domain}`)
        assert.equal((await requestLocally(put, { method: 'PUT', body: 'by a link' })).status, 200)
        const get = await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: 'linked' }))
        assert.deepEqual(await requestLocally(get), { status: 200, body: Buffer.from('by a link') })
        assert.equal((await requestLocally(get.replace(bucket, 'other'))).status, 403)
        const form = await createPresignedPost(client, { Bucket: bucket, Key: 'in a form' })
        const fields = new FormData()
        for (const [name, value] of Object.entries(form.fields)) fields.set(name, value)
        fields.set('file', new Blob(['of a form']), 'f')
        const sent = new Response(fields)
        const headers = { 'Content-Type': sent.headers.get('content-type') ?? '' }
        const answer = await requestLocally(form.url, { method: 'POST', headers, body: await sent.bytes() })
        assert.equal(answer.status, 204, String(answer.body))
        assert.equal(await textOf('in a form'), 'of a form')
      })

      test('takes a bucket away', async () => {
        await client.send(new CreateBucketCommand({ Bucket: 'sdk-gone' }))
        await client.send(new DeleteBucketCommand({ Bucket: 'sdk-gone' }))
        const gone = client.send(new HeadObjectCommand({ Bucket: 'sdk-gone', Key: key }))
        await assert.rejects(gone, { name: 'NotFound' })
      })
    })

    describe('clients from PyPI', { skip: withoutPython() }, () => {
      let home: ClientHome
      let programs: string

      before(async () => {
        programs = await installPythonClients()
        const { accessKey, secretKey, caFile } = endpoint()
        home = await ClientHome.make(endpoint(), {
          ...trusting('AWS_CA_BUNDLE', endpoint()),
          ...trusting('SSL_CERT_FILE', endpoint()),
          AWS_ENDPOINT_URL: at().origin,
          PYTHONPATH: folder,
          PYTHONDONTWRITEBYTECODE: '1',
        })
        const isTls = caFile !== undefined
        const s3cmd = [
          '[default]',
          `access_key = ${accessKey}`,
          `secret_key = ${secretKey}`,
          `host_base = ${at().host}`,
          `host_bucket = %(bucket)s.${at().host}`,
          `use_https = ${isTls ? 'True' : 'False'}`,
          ...(isTls ? [`ca_certs_file = ${caFile}`] : []),
        ]
        await putFile(home.folder, '.s3cfg', Buffer.from(`${s3cmd.join('\n')}\n`))
        await putFile(home.folder, '.aws/config', Buffer.from('[default]\ns3 =\n  addressing_style = virtual\n'))
        await makeSampleTree(home.path('tree'))
      })
      after(async () => await home.remove())

      test('boto3', async () => {
        assert.match(
          await home.must(join(programs, 'python'), [join(folder, 'scenario.py')]),
          /^[1-9]\d* checks hold$/m,
        )
      })

      test('the AWS CLI', async () => {
        const aws = async (...args: readonly string[]): Promise<string> => await home.must(join(programs, 'aws'), args)
        await aws('s3', 'mb', 's3://cli-by-host')
        await aws('s3', 'sync', '--no-progress', home.path('tree'), 's3://cli-by-host/tree')
        await aws('s3', 'cp', '--no-progress', 's3://cli-by-host/tree/large.bin', 's3://cli-by-host/copied.bin')
        await aws('s3', 'sync', '--no-progress', 's3://cli-by-host/tree', home.path('back'))
        await expectSameTrees(home.path('back'), home.path('tree'))
        const link = (await aws('s3', 'presign', 's3://cli-by-host/tree/notes.txt')).trim()
        assert.equal(new URL(link).hostname, `cli-by-host.${domain}`)
        assert.ok((await requestLocally(link)).body.equals(await readFile(home.path('tree/notes.txt'))))
        await aws('s3', 'rb', '--force', 's3://cli-by-host')
      })

      test('s3cmd, in the style that it has by itself', async () => {
        const run = async (...args: readonly string[]): Promise<string> =>
          await home.must(join(programs, 's3cmd'), args)
        await run('mb', 's3://s3cmd-by-host')
        await run('put', '--recursive', '--no-progress', `${home.path('tree')}/`, 's3://s3cmd-by-host/tree/')
        await run('cp', 's3://s3cmd-by-host/tree/large.bin', 's3://s3cmd-by-host/copied.bin')
        await mkdir(home.path('again'))
        await run('get', '--recursive', '--no-progress', 's3://s3cmd-by-host/tree/', `${home.path('again')}/`)
        await expectSameTrees(home.path('again'), home.path('tree'))
        assert.match(await run('ls', 's3://s3cmd-by-host'), /copied\.bin/)
        await run('rb', '--recursive', '--force', 's3://s3cmd-by-host')
      })
    })
  },
  options,
)
