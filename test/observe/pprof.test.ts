// `go tool pprof` against a real cluster under load: what it prints names the project's functions, on the master and on a worker.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { defined } from '../../src/base/assert.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { FileManifest } from '../harness/file-manifest.ts'
import { MixedLoad } from '../harness/mixed-load.ts'
import { missing, runProgram } from '../harness/programs.ts'
import { RealCluster } from '../harness/real-cluster.ts'

const ownFunction = /\s(?:base|codec|gateway|master|meta|node|rpc|store|worker)\/[\w/-]+\.\S+$/m

describe('go tool pprof', { skip: missing('go', ['version']) }, () => {
  let cluster: RealCluster
  let load: MixedLoad
  let folder: string

  before(async () => {
    // Go builds the tool at its first use.
    await runProgram('go', ['tool', 'pprof', '-h'])
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-pprof-'))
    cluster = await RealCluster.start()
    load = new MixedLoad(new FileManifest(), {
      urls: [cluster.url],
      random: new SeededRandom(7),
      clients: 4,
      namesPerClient: 8,
      uploadBytes: (random) => random.below(2_000_000),
    })
  })

  after(async () => {
    await load.stop()
    await cluster.remove()
    await rm(folder, { recursive: true, force: true })
  })

  async function top(role: 'master' | 'worker', path: string, args: readonly string[] = []): Promise<string> {
    const node = defined(role === 'master' ? cluster.masters[0] : cluster.workers[0], role)
    const url = `http://${defined(node.addresses['observe'], 'an address')}/debug/pprof/${path}`
    const env = { PPROF_TMPDIR: folder }
    const { status, stdout, stderr } = await runProgram('go', ['tool', 'pprof', '-top', ...args, url], { env })
    assert.equal(status, 0, stderr)
    assert.match(stdout, /^ +flat +flat% +sum% +cum +cum%$/m)
    return stdout
  }

  for (const role of ['master', 'worker'] as const) {
    test(`prints where the processor time of a ${role} goes`, async () => {
      const table = await top(role, 'profile?seconds=3')
      assert.match(table, /^Type: cpu$/m)
      assert.match(table, ownFunction)
    })

    test(`prints what a ${role} holds, in bytes unless asked for objects`, async () => {
      const table = await top(role, 'heap')
      assert.match(table, /^Type: inuse_space$/m)
      assert.match(table, ownFunction)
      assert.match(await top(role, 'heap', ['-inuse_objects']), /^Type: inuse_objects$/m)
    })

    test(`prints what a ${role} allocates`, async () => {
      const table = await top(role, 'allocs?seconds=2')
      assert.match(table, /^Type: alloc_space$/m)
      assert.match(table, ownFunction)
      assert.match(await top(role, 'allocs?seconds=1', ['-alloc_objects']), /^Type: alloc_objects$/m)
    })
  }

  test('prints the requests under way', async () => {
    const seen: string[] = []
    while (seen.length < 20) seen.push(await top('master', 'goroutine'))
    assert.ok(seen.some((table) => /rest\.(?:GET|PUT|POST) \w+/.test(table)))
  })

  test('the load went on all the while without an error', () => {
    assert.deepEqual(load.failures, [])
    assert.deepEqual(load.corruptions, [])
    assert.ok(load.acknowledged > 0)
  })
})
