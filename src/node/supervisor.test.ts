import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { CollectingLog } from '../../sim/ports/log.ts'
import { NodeClock } from './clock.ts'
import { Supervisor } from './supervisor.ts'

/** Writes down what it was given, and is ready. */
const launcher = `
import { writeFileSync } from 'node:fs'
writeFileSync(process.argv[2], JSON.stringify(process.env))
process.on('message', (message) => {
  if (message.kind === 'ping') process.send({ kind: 'pong' })
})
process.send({ kind: 'ready', addresses: {} })
`

test('a child of the supervisor gets the variables of this process but those it must not know', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'frostbyte-supervisor-'))
  const names = ['FROSTBYTE_TEST_KEPT', 'FROSTBYTE_TEST_HIDDEN']
  for (const name of names) process.env[name] = 'x'
  const clock = new NodeClock()
  await writeFile(join(directory, 'launcher.mjs'), launcher)
  const supervisor = new Supervisor({ clock, log: new CollectingLog() }, { launcher: join(directory, 'launcher.mjs') })
  try {
    const told = join(directory, 'env.json')
    await supervisor.start({
      name: 'child',
      args: [told],
      env: { FROSTBYTE_TEST_GIVEN: 'y' },
      withoutEnv: ['FROSTBYTE_TEST_HIDDEN'],
    })
    const seen: unknown = JSON.parse(await readFile(told, 'utf8'))
    assert.partialDeepStrictEqual(seen, { FROSTBYTE_TEST_KEPT: 'x', FROSTBYTE_TEST_GIVEN: 'y' })
    assert.ok(typeof seen === 'object' && seen !== null && !('FROSTBYTE_TEST_HIDDEN' in seen))
  } finally {
    await supervisor.stop()
    for (const name of names) Reflect.deleteProperty(process.env, name)
    await rm(directory, { recursive: true })
  }
})
