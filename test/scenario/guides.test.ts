// Every command of the guides, run as it stands there.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

import { runGuide } from '../harness/guide.ts'

const missing = ['bash', 'curl'].filter((program) => spawnSync(program, ['--version']).status !== 0)
const skip = missing.length === 0 ? false : `there is no ${missing.join(', ')} here`

test('users: every command of the guide works', { skip }, async () => {
  const { code, said, commands } = await runGuide('docs/guide/users.md')
  assert.equal(code, 0, said)
  assert.ok(commands.length >= 25)
  assert.match(said, /root, admin, by access-key/)
  assert.match(said, /stored AKIAIOSFODNN7EXAMPLE/)
  assert.match(said, /http:\/\/127\.0\.0\.1:\d+\/share\/[\w-]{44}/)
  assert.match(said, /"decision":"allowed","action":"user:change","user":"root","credential":"access-key"/)
})

test('TLS: every command of the guide works', { skip }, async () => {
  const { code, said, commands } = await runGuide('docs/guide/tls.md')
  assert.equal(code, 0, said)
  assert.ok(commands.length >= 7)
  assert.match(said, /"status":"ok"/)
  assert.match(said, /^hello\.txt$/m)
})
