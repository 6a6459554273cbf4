// The AWS CLI with its defaults: high-level commands, which cut large files into parts and send checksums unasked, and the plain calls.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { ClientHome, trusting } from './harness/client-programs.ts'
import { overBothTransports } from './harness/endpoint.ts'
import { installPythonClients, withoutPython } from './harness/python-clients.ts'
import { expectSameTrees, makeSampleTree, putFile, sampleNames } from './harness/sample-tree.ts'

const bucket = 'suite-aws-cli'

// The links that it makes for us-east-1 are signed with Signature Version 2, unless it is told otherwise.
const signatureV2 = { args: ['--s3-signature-v2'] }

overBothTransports(
  'the AWS CLI',
  withoutPython(),
  (endpoint) => {
    let home: ClientHome
    let aws: string
    const run = async (...args: readonly string[]): Promise<string> => await home.must(aws, args)
    const call = async (...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> =>
      JSON.parse((await run('s3api', ...args)) || '{}') as Readonly<Record<string, unknown>>

    before(async () => {
      home = await ClientHome.make(endpoint(), trusting('AWS_CA_BUNDLE', endpoint()))
      aws = join(await installPythonClients(), 'aws')
      await makeSampleTree(home.path('tree'))
    })
    after(async () => await home.remove())

    test('makes a bucket and lists it', async () => {
      await run('s3', 'mb', `s3://${bucket}`)
      assert.match(await run('s3', 'ls'), new RegExp(`^\\S+ \\S+ ${bucket}$`, 'm'))
    })

    test('copies a folder there and back', async () => {
      await run('s3', 'cp', '--recursive', '--no-progress', home.path('tree'), `s3://${bucket}/tree/`)
      await run('s3', 'cp', '--recursive', '--no-progress', `s3://${bucket}/tree/`, home.path('back'))
      await expectSameTrees(home.path('back'), home.path('tree'))
    })

    test('lists what is below a prefix, and sums it up', async () => {
      const listing = await run('s3', 'ls', '--recursive', '--summarize', `s3://${bucket}/tree/`)
      for (const name of sampleNames) assert.ok(listing.includes(` tree/${name}\n`), name)
      assert.match(listing, new RegExp(`Total Objects: ${sampleNames.length}`))
      assert.match(await run('s3', 'ls', `s3://${bucket}/tree/`), /PRE photos\//)
    })

    test('syncs only what has changed, and deletes what is gone', async () => {
      await putFile(home.path('tree'), 'new.txt', Buffer.from('new'))
      const said = await run('s3', 'sync', '--no-progress', home.path('tree'), `s3://${bucket}/tree/`)
      assert.equal(said.trim().split('\n').length, 1, said)
      await run('s3', 'rm', `s3://${bucket}/tree/notes.txt`)
      await run('s3', 'sync', '--delete', '--no-progress', `s3://${bucket}/tree/`, home.path('back'))
      await run('s3', 'sync', '--no-progress', home.path('tree'), `s3://${bucket}/tree/`)
      await run('s3', 'sync', '--delete', '--no-progress', `s3://${bucket}/tree/`, home.path('back'))
      await expectSameTrees(home.path('back'), home.path('tree'))
    })

    test('copies and moves on the server', async () => {
      await run('s3', 'cp', '--no-progress', `s3://${bucket}/tree/large.bin`, `s3://${bucket}/copies/large.bin`)
      await run('s3', 'mv', '--no-progress', `s3://${bucket}/copies/large.bin`, `s3://${bucket}/moved/large.bin`)
      await run('s3', 'cp', '--no-progress', `s3://${bucket}/moved/large.bin`, home.path('moved.bin'))
      const bytes = await readFile(home.path('tree/large.bin'))
      assert.ok((await readFile(home.path('moved.bin'))).equals(bytes))
      assert.equal((await home.run(aws, ['s3', 'ls', `s3://${bucket}/copies/`])).status, 1)
    })

    test('streams from and to a pipe', async () => {
      await home.must(aws, ['s3', 'cp', '-', `s3://${bucket}/piped`], 'through a pipe')
      assert.equal(await run('s3', 'cp', `s3://${bucket}/piped`, '-'), 'through a pipe')
    })

    test('tells and reads as its plain calls ask', async () => {
      await putFile(home.folder, 'body', Buffer.from('0123456789'))
      const body = home.path('body')
      const asked = ['--bucket', bucket, '--key', 'plain']
      const meta = ['--metadata', 'colour=green', '--content-type', 'text/plain']
      const put = await call('put-object', ...asked, '--body', body, ...meta)
      assert.equal(put['ETag'], '"781e5e245d69b566979b86e28d23f2c7"')
      const head = await call('head-object', ...asked)
      assert.deepEqual(
        [head['ContentLength'], head['ContentType'], head['Metadata']],
        [10, 'text/plain', { colour: 'green' }],
      )
      const got = await call('get-object', ...asked, '--range', 'bytes=2-5', home.path('range'))
      assert.equal(got['ContentRange'], 'bytes 2-5/10')
      assert.equal(await readFile(home.path('range'), 'utf8'), '2345')
      const unmet = await home.run(aws, ['s3api', 'put-object', ...asked, '--if-none-match', '*', '--body', body])
      assert.match(unmet.stderr, /PreconditionFailed/)
    })

    for (const algorithm of ['CRC32', 'SHA1', 'SHA256']) {
      test(`sends a ${algorithm} and checks it when it reads`, async () => {
        const asked = ['--bucket', bucket, '--key', `checked-${algorithm}`]
        const put = await call(
          'put-object',
          ...asked,
          '--body',
          home.path('tree/notes.txt'),
          '--checksum-algorithm',
          algorithm,
        )
        const got = await call('get-object', ...asked, '--checksum-mode', 'ENABLED', home.path('checked'))
        assert.equal(got[`Checksum${algorithm}`], put[`Checksum${algorithm}`])
        assert.ok(typeof got[`Checksum${algorithm}`] === 'string')
        assert.ok((await readFile(home.path('checked'))).equals(await readFile(home.path('tree/notes.txt'))))
      })
    }

    test('makes links that need no credentials', async () => {
      const link = (await run('s3', 'presign', `s3://${bucket}/plain`, '--expires-in', '60')).trim()
      const response = await fetch(link)
      assert.equal(await response.text(), '0123456789')
      const altered = await fetch(link.replace('/plain', '/piped'))
      assert.equal(altered.status, 403)
      assert.match(await altered.text(), /<Code>SignatureDoesNotMatch<\/Code>/)
    })

    test('removes everything', async () => {
      await run('s3', 'rb', '--force', `s3://${bucket}`)
      const gone = await home.run(aws, ['s3', 'ls', `s3://${bucket}`])
      assert.match(gone.stderr, /NoSuchBucket/)
    })
  },
  signatureV2,
)
