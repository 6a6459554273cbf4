// s3cmd with its defaults: a client that signs and lists in its own way and reads MD5 sums out of ETags.

import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { ClientHome } from './harness/client-programs.ts'
import { overBothTransports } from './harness/endpoint.ts'
import { installPythonClients, withoutPython } from './harness/python-clients.ts'
import { expectSameTrees, makeSampleTree, putFile, sampleNames } from './harness/sample-tree.ts'

const bucket = 'suite-s3cmd'

// It signs links with Signature Version 2.
const signatureV2 = { args: ['--s3-signature-v2'] }

overBothTransports(
  's3cmd',
  withoutPython(),
  (endpoint) => {
    let home: ClientHome
    let program: string
    const run = async (...args: readonly string[]): Promise<string> => await home.must(program, args)

    before(async () => {
      home = await ClientHome.make(endpoint())
      program = join(await installPythonClients(), 's3cmd')
      const { accessKey, secretKey, url, caFile } = endpoint()
      const { host, protocol } = new URL(url)
      const lines = [
        '[default]',
        `access_key = ${accessKey}`,
        `secret_key = ${secretKey}`,
        `host_base = ${host}`,
        `host_bucket = ${host}`,
        `use_https = ${protocol === 'https:' ? 'True' : 'False'}`,
        ...(caFile === undefined ? [] : [`ca_certs_file = ${caFile}`, 'signurl_use_https = True']),
      ]
      await putFile(home.folder, '.s3cfg', Buffer.from(`${lines.join('\n')}\n`))
      await makeSampleTree(home.path('tree'))
    })
    after(async () => await home.remove())

    test('makes a bucket and lists it', async () => {
      await run('mb', `s3://${bucket}`)
      assert.match(await run('ls'), new RegExp(`s3://${bucket}$`, 'm'))
    })

    test('puts a folder and gets it back', async () => {
      await run('put', '--recursive', '--no-progress', `${home.path('tree')}/`, `s3://${bucket}/tree/`)
      await mkdir(home.path('back'))
      await run('get', '--recursive', '--no-progress', `s3://${bucket}/tree/`, `${home.path('back')}/`)
      await expectSameTrees(home.path('back'), home.path('tree'))
    })

    test('lists, and tells the size of all', async () => {
      const listing = await run('ls', '--recursive', `s3://${bucket}/tree/`)
      for (const name of sampleNames) assert.ok(listing.includes(`s3://${bucket}/tree/${name}\n`), name)
      assert.match(await run('ls', `s3://${bucket}/tree/`), /DIR +s3:\/\/\S+\/tree\/photos\/$/m)
      assert.match(await run('du', `s3://${bucket}/tree/`), new RegExp(`\\b${sampleNames.length} objects\\b`))
    })

    test('syncs only what has changed, in both directions', async () => {
      await putFile(home.path('tree'), 'notes.txt', Buffer.from('other notes'))
      const said = await run('sync', '--no-progress', `${home.path('tree')}/`, `s3://${bucket}/tree/`)
      assert.equal(said.match(/^upload:/gm)?.length, 1, said)
      await run('sync', '--no-progress', '--delete-removed', `s3://${bucket}/tree/`, `${home.path('back')}/`)
      await expectSameTrees(home.path('back'), home.path('tree'))
    })

    test('tells what it knows of an object', async () => {
      const said = await run('info', `s3://${bucket}/tree/one-byte`)
      assert.match(said, /File size: +1\n/)
      assert.match(said, /MD5 sum: +[0-9a-f]{32}\n/)
      assert.match(said, /ACL: +\S+.*: FULL_CONTROL/)
    })

    test('copies, moves and changes on the server', async () => {
      await run('cp', `s3://${bucket}/tree/large.bin`, `s3://${bucket}/copied.bin`)
      await run('mv', `s3://${bucket}/copied.bin`, `s3://${bucket}/moved.bin`)
      await run('modify', '--add-header=Content-Type:application/x-moved', `s3://${bucket}/moved.bin`)
      assert.match(await run('info', `s3://${bucket}/moved.bin`), /MIME type: +application\/x-moved/)
      await run('get', '--no-progress', `s3://${bucket}/moved.bin`, home.path('moved.bin'))
      assert.ok((await readFile(home.path('moved.bin'))).equals(await readFile(home.path('tree/large.bin'))))
    })

    test('makes links that need no credentials', async () => {
      const link = (await run('signurl', `s3://${bucket}/tree/one-byte`, '+60')).trim()
      const response = await fetch(link)
      assert.equal(response.status, 200)
      assert.deepEqual(await response.bytes(), new Uint8Array(await readFile(home.path('tree/one-byte'))))
    })

    test('removes everything', async () => {
      await run('del', '--recursive', '--force', `s3://${bucket}/`)
      assert.equal(await run('ls', '--recursive', `s3://${bucket}/`), '')
      await run('rb', `s3://${bucket}`)
      assert.match((await home.run(program, ['ls', `s3://${bucket}`])).stderr, /NoSuchBucket|does not exist/)
    })
  },
  signatureV2,
)
