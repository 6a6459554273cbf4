// What DESIGN.md section 5 asks of LMDB, held against the system calls: nothing is acknowledged before it was synced, and a failed sync
// is no commit. Repeated here because one option of the library (`overlappingSync`) decides it.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { LmdbKeyValue } from '../../src/node/lmdb-key-value.ts'
import { LmdbProcess } from './lmdb-process.ts'

const commits = 50

/** Why strace cannot be used here; on CI it must be there. */
function missing(): string | false {
  const found = spawnSync('strace', ['-e', 'trace=none', 'true'])
  if (found.status === 0 || process.env['CI'] !== undefined) return false
  return 'strace is not installed, or may not trace here'
}

async function withFile(body: (file: string, trace: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'frostbyte-'))
  try {
    await body(join(directory, 'map.mdb'), join(directory, 'trace'))
  } finally {
    await rm(directory, { recursive: true })
  }
}

type Call = 'page' | 'sync' | 'meta' | 'said'

/** Calls in the order in which they returned. `meta`: a write through a descriptor that was opened with O_DSYNC. */
function readTrace(trace: string): readonly Call[] {
  const syncing = new Set<string>()
  const begun = new Map<string, string>()
  const calls: Call[] = []
  for (const line of trace.split('\n')) {
    const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)
    if (text.endsWith('<unfinished ...>')) {
      begun.set(thread, text)
      continue
    }
    const whole = resumed === null ? text : `${begun.get(thread) ?? ''}${resumed[1] ?? ''}`
    const [, name = '', descriptor = ''] = /^(\w+)\((\d*)/.exec(whole) ?? []
    const succeeded = /\) += \d+/.test(whole)
    if (name === 'openat' && whole.includes('O_DSYNC') && whole.includes('.mdb'))
      syncing.add(/= (\d+)/.exec(whole)?.[1] ?? '')
    else if (!succeeded) continue
    else if (name === 'write' && whole.includes('counted')) calls.push('said')
    else if (name === 'fdatasync') calls.push('sync')
    else if (/^(pwrite64|pwritev|writev)$/.test(name)) calls.push(syncing.has(descriptor) ? 'meta' : 'page')
  }
  return calls
}

test(
  'a commit is acknowledged after its pages were synced and its meta page was written through',
  { skip: missing() },
  async () => {
    await withFile(async (file, trace) => {
      const calls = 'trace=openat,fdatasync,pwrite64,pwritev,writev,write'
      const process_ = new LmdbProcess(file, ['strace', '-f', '-e', calls, '-o', trace])
      assert.equal(await process_.hear(), 'ready')
      assert.equal(await process_.ask('claim'), 'done')
      process_.say(`count ${commits}`)
      while ((await process_.hear()) !== 'done');
      await process_.end()
      const seen = readTrace(await readFile(trace, 'utf8'))
      let before: Call[] = []
      let acknowledged = 0
      for (const call of seen) {
        if (call !== 'said') {
          before.push(call)
          continue
        }
        acknowledged++
        const order = before.join(' ')
        // Of this commit: pages, then a sync that ended, then the meta page; nothing of it comes later.
        assert.match(order, /(^| )page (page )*sync meta$/, `before acknowledgement ${acknowledged}: ${order}`)
        before = []
      }
      assert.equal(acknowledged, commits)
    })
  },
)

/** Lets every fdatasync of a running process fail with EIO; resolves to what ends that. */
async function failSyncs(pid: number): Promise<() => Promise<void>> {
  const strace = spawn('strace', ['-f', '-p', String(pid), '-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO'])
  strace.stdout.resume()
  await once(strace.stderr, 'data')
  return async () => {
    const exited = once(strace, 'exit')
    strace.kill()
    await exited
  }
}

test(
  'a sync that fails is no commit: unknown outcome, the process is told, and nobody sees it',
  { skip: missing() },
  async () => {
    await withFile(async (file) => {
      const writer = new LmdbProcess(file)
      assert.equal(await writer.hear(), 'ready')
      await writer.ask('claim')
      assert.equal(await writer.ask('put key old'), 'done')
      const detach = await failSyncs(writer.pid)
      assert.equal(await writer.ask('put key new'), 'failure')
      assert.equal(await writer.hear(), 'failed outcome-unknown')
      assert.equal(await writer.ask('put key again'), 'failed metadata-unavailable')
      await detach()
      await writer.kill()
      const after = await LmdbKeyValue.open({ file, onFailure: (error) => assert.fail(String(error)) })
      assert.equal(Buffer.from(after.view().get('key') ?? '').toString(), 'old')
      await after.claim()
      await after.decide(() => ({ changes: [['key', Buffer.from('newer')]], result: undefined }))
      assert.equal(Buffer.from(after.view().get('key') ?? '').toString(), 'newer')
      await after.close()
    })
  },
)
