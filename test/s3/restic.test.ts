// restic with its defaults: a backup store that lists, writes once, reads ranges and deletes.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { seededBytes } from '../harness/file-client.ts'
import { missing } from '../harness/programs.ts'
import { ClientHome } from './harness/client-programs.ts'
import { overBothTransports } from './harness/endpoint.ts'
import { digestTree, expectSameTrees, makeSampleTree, putFile } from './harness/sample-tree.ts'

overBothTransports('restic', missing('restic', ['version']), (endpoint) => {
  let home: ClientHome
  let tree: string
  const run = async (...args: readonly string[]): Promise<string> => await home.must('restic', [...caArgs(), ...args])
  // Its variable for this is younger than what distributions ship.
  const caArgs = (): readonly string[] => {
    const { caFile } = endpoint()
    return caFile === undefined ? [] : ['--cacert', caFile]
  }

  before(async () => {
    home = await ClientHome.make(endpoint(), {
      RESTIC_REPOSITORY: `s3:${endpoint().url}/suite-restic/backups`,
      RESTIC_PASSWORD: 'a password of the suite',
    })
    tree = home.path('tree')
    await makeSampleTree(tree)
  })
  after(async () => await home.remove())

  const restored = async (snapshot: string, name: string): Promise<string> => {
    await run('restore', snapshot, '--target', home.path(name))
    return home.path(name, tree)
  }

  test('makes a repository, and not twice', async () => {
    await run('init')
    const again = await home.run('restic', [...caArgs(), 'init'])
    assert.notEqual(again.status, 0)
    assert.match(again.stderr, /already (exists|initialized)/)
  })

  test('backs up and checks every byte', async () => {
    await run('backup', tree)
    assert.match(await run('check', '--read-data'), /no errors were found/)
  })

  test('restores what was backed up', async () => {
    await expectSameTrees(await restored('latest', 'first'), tree)
  })

  test('backs up again, and tells the difference', async () => {
    const backedUp = await digestTree(tree)
    await putFile(tree, 'added.bin', seededBytes(77, 3_000_000))
    await putFile(tree, 'notes.txt', Buffer.from('changed'))
    await run('backup', tree)
    const snapshots = JSON.parse(await run('snapshots', '--json')) as readonly { readonly id: string }[]
    assert.equal(snapshots.length, 2)
    const [first, second] = snapshots.map(({ id }) => id)
    const said = await run('diff', first ?? '', second ?? '')
    assert.match(said, /Files: +1 new, +0 removed, +1 changed/)
    assert.deepEqual(await digestTree(await restored(first ?? '', 'again')), backedUp)
    await expectSameTrees(await restored(second ?? '', 'second'), tree)
  })

  test('forgets, prunes, and is whole afterwards', async () => {
    await run('forget', '--keep-last', '1')
    await run('prune', '--max-unused', '0')
    assert.match(await run('check', '--read-data'), /no errors were found/)
    await expectSameTrees(await restored('latest', 'pruned'), tree)
    const snapshots = JSON.parse(await run('snapshots', '--json')) as readonly unknown[]
    assert.equal(snapshots.length, 1)
  })
})
