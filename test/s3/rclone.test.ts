// rclone with its defaults: copies, syncs and checks folders, moves on the server, and lets programs read through a mounted folder.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'

import { eventually } from '../harness/eventually.ts'
import { missing } from '../harness/programs.ts'
import { ClientHome, trusting } from './harness/client-programs.ts'
import { overBothTransports } from './harness/endpoint.ts'
import { isMountPoint, unmount, withoutFuse } from './harness/fuse.ts'
import { expectSameTrees, makeSampleTree, putFile, sampleNames } from './harness/sample-tree.ts'

const bucket = 'suite-rclone'
const remote = `store:${bucket}`

interface Listed {
  readonly Path: string
  readonly Size: number
  readonly IsDir: boolean
}

overBothTransports('rclone', missing('rclone', ['version']), (endpoint) => {
  let home: ClientHome
  let tree: string
  const run = async (...args: readonly string[]): Promise<string> => await home.must('rclone', args)

  before(async () => {
    const { url, accessKey, secretKey } = endpoint()
    home = await ClientHome.make(endpoint(), {
      RCLONE_CONFIG_STORE_TYPE: 's3',
      RCLONE_CONFIG_STORE_PROVIDER: 'Other',
      RCLONE_CONFIG_STORE_ENDPOINT: url,
      RCLONE_CONFIG_STORE_ACCESS_KEY_ID: accessKey,
      RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY: secretKey,
      ...trusting('RCLONE_CA_CERT', endpoint()),
    })
    tree = home.path('tree')
    await makeSampleTree(tree)
  })
  after(async () => await home.remove())

  test('copies a folder there, checks it, and copies it back', async () => {
    await run('mkdir', remote)
    await run('copy', tree, `${remote}/tree`)
    await run('check', tree, `${remote}/tree`)
    await run('check', '--download', tree, `${remote}/tree`)
    await run('copy', `${remote}/tree`, home.path('back'))
    await expectSameTrees(home.path('back'), tree)
  })

  test('lists with sizes and sums', async () => {
    const rows = JSON.parse(await run('lsjson', '--recursive', '--hash', `${remote}/tree`)) as readonly Listed[]
    const names = rows.filter((row) => !row.IsDir).map((row) => row.Path)
    assert.deepEqual(names.toSorted(), sampleNames.toSorted())
    const sums = async (of: string): Promise<readonly string[]> => (await run('md5sum', of)).split('\n').toSorted()
    assert.deepEqual(await sums(`${remote}/tree`), await sums(tree))
  })

  test('syncs what has changed and what is gone, and keeps the times of files', async () => {
    await putFile(tree, 'notes.txt', Buffer.from('other notes'))
    await run('deletefile', `${remote}/tree/one-byte`)
    await putFile(home.folder, 'stray', Buffer.from('stray'))
    await run('copyto', home.path('stray'), `${remote}/tree/stray`)
    await run('sync', tree, `${remote}/tree`)
    await run('check', '--download', tree, `${remote}/tree`)
    const { stderr } = await home.run('rclone', ['sync', '--verbose', tree, `${remote}/tree`])
    assert.doesNotMatch(stderr, /Copied|Deleted/)
  })

  test('uploads what has no known length, in parts', async () => {
    const input = Buffer.alloc(11 * 1024 * 1024, 'streamed ').toString('latin1')
    await home.must('rclone', ['rcat', `${remote}/streamed`], input)
    assert.ok((await run('cat', `${remote}/streamed`)) === input)
  })

  test('copies and moves on the server', async () => {
    await run('copyto', `${remote}/tree/large.bin`, `${remote}/copied.bin`)
    await run('moveto', `${remote}/copied.bin`, `${remote}/moved.bin`)
    await run('copyto', `${remote}/moved.bin`, home.path('moved.bin'))
    assert.ok((await readFile(home.path('moved.bin'))).equals(await readFile(`${tree}/large.bin`)))
    assert.equal((await run('lsf', '--files-only', remote)).trim(), 'moved.bin\nstreamed')
  })

  test('makes links that need no credentials', async () => {
    const link = (await run('link', '--expire', '60s', `${remote}/tree/notes.txt`)).trim()
    assert.equal(await (await fetch(link)).text(), 'other notes')
  })

  test('reads through a mounted folder', { skip: withoutFuse() }, async () => {
    const mount = home.path('mount')
    await mkdir(mount)
    const args = ['mount', '--read-only', `${remote}/tree`, mount]
    const child = spawn('rclone', args, { stdio: ['ignore', 'inherit', 'inherit'], env: home.env })
    try {
      await eventually('the mount', 20_000, async () => (await isMountPoint(mount)) || undefined)
      await expectSameTrees(mount, tree)
      const file = await open(`${mount}/large.bin`)
      const { buffer } = await file.read(Buffer.alloc(1000), 0, 1000, 12_345_678)
      await file.close()
      assert.ok(buffer.equals((await readFile(`${tree}/large.bin`)).subarray(12_345_678, 12_346_678)))
    } finally {
      await unmount(mount)
      if (child.exitCode === null) await once(child, 'exit')
    }
  })

  test('removes everything', async () => {
    await run('purge', remote)
    const { stderr } = await home.run('rclone', ['lsf', remote])
    assert.match(stderr, /directory not found|NoSuchBucket/)
  })
})
