// s3fs with its defaults: a bucket as a folder, through FUSE. Its directories are objects, its modes and times are metadata, and a rename
// is a copy.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { after, before, test } from 'node:test'

import { CreateBucketCommand } from '@aws-sdk/client-s3'

import { eventually } from '../harness/eventually.ts'
import { missing } from '../harness/programs.ts'
import { sdkClient } from './aws-sdk/client.ts'
import { ClientHome, trusting } from './harness/client-programs.ts'
import { overBothTransports } from './harness/endpoint.ts'
import { isMountPoint, unmount, withoutFuse } from './harness/fuse.ts'
import { expectSameTrees, makeSampleTree } from './harness/sample-tree.ts'

const bucket = 'suite-s3fs'

overBothTransports('s3fs', missing('s3fs', ['--version']) || withoutFuse(), (endpoint) => {
  let home: ClientHome
  let folder: string
  let tree: string
  let ended: Promise<unknown> = Promise.resolve()

  const mount = async (): Promise<void> => {
    const { url } = endpoint()
    // Not virtual-hosted: 127.0.0.1 has no names below it.
    const options = ['-o', `url=${url}`, '-o', 'use_path_request_style', '-o', `passwd_file=${home.path('passwd')}`]
    const child = spawn('s3fs', [bucket, folder, '-f', ...options], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: home.env,
    })
    ended = once(child, 'exit')
    await eventually('the mount', 20_000, async () => (await isMountPoint(folder)) || undefined)
  }
  const remount = async (): Promise<void> => {
    await unmount(folder)
    await ended
    await mount()
  }

  before(async () => {
    home = await ClientHome.make(endpoint(), trusting('CURL_CA_BUNDLE', endpoint()))
    folder = home.path('mount')
    tree = home.path('tree')
    await mkdir(folder)
    await makeSampleTree(tree)
    const { accessKey, secretKey } = endpoint()
    await writeFile(home.path('passwd'), `${accessKey}:${secretKey}\n`, { mode: 0o600 })
    const client = sdkClient(endpoint())
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    client.destroy()
    await mount()
  })
  after(async () => {
    await unmount(folder)
    await ended
    await home.remove()
  })

  test('takes a folder, and has it after it was mounted anew', async () => {
    await cp(tree, `${folder}/tree`, { recursive: true })
    await remount()
    await expectSameTrees(`${folder}/tree`, tree)
  })

  test('changes files in place', async () => {
    await appendFile(`${folder}/tree/notes.txt`, 'appended')
    await appendFile(`${tree}/notes.txt`, 'appended')
    await truncate(`${folder}/tree/chunk-and-one`, 77)
    await truncate(`${tree}/chunk-and-one`, 77)
    for (const parent of [folder + '/tree', tree]) {
      const file = await open(`${parent}/large.bin`, 'r+')
      await file.write(Buffer.from('in the middle'), 0, 13, 15_000_000)
      await file.close()
    }
    await remount()
    await expectSameTrees(`${folder}/tree`, tree)
  })

  test('keeps modes and times', async () => {
    await chmod(`${folder}/tree/one-byte`, 0o640)
    await remount()
    const { mode, mtimeMs } = await stat(`${folder}/tree/one-byte`)
    assert.equal(mode & 0o777, 0o640)
    assert.ok(mtimeMs <= Date.now())
  })

  test('renames files and folders', async () => {
    await rename(`${folder}/tree/large.bin`, `${folder}/renamed.bin`)
    await rename(`${folder}/tree/photos`, `${folder}/pictures`)
    await remount()
    assert.ok((await readFile(`${folder}/renamed.bin`)).equals(await readFile(`${tree}/large.bin`)))
    await expectSameTrees(`${folder}/pictures`, `${tree}/photos`)
    assert.ok(!(await readdir(`${folder}/tree`)).includes('photos'))
  })

  test('removes everything', async () => {
    for (const name of await readdir(folder)) await rm(`${folder}/${name}`, { recursive: true })
    await remount()
    assert.deepEqual(await readdir(folder), [])
  })
})
