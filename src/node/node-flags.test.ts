import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

import { nodeFlags } from './node-flags.ts'

test('Node.js takes all flags', () => {
  for (const role of ['master', 'worker'] as const) {
    const { status, stderr } = spawnSync(process.execPath, [...nodeFlags(role), '--eval', ''], { encoding: 'utf8' })
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
  }
})

test('what NODE_OPTIONS says counts over them', () => {
  assert.ok(nodeFlags('worker').includes('--max-old-space-size=512'))
  const flags = nodeFlags('worker', '--max_old_space_size=2000 --trace-gc')
  assert.ok(flags.every((flag) => !flag.startsWith('--max-old-space-size')))
  assert.ok(flags.includes('--max-semi-space-size=2'))
})
