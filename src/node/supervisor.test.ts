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

/** Takes a while to end, and writes down when it was asked to, and when it had. */
const slowLauncher = `
import { appendFileSync } from 'node:fs'
const [, , file, name] = process.argv
process.on('message', (message) => {
  if (message.kind === 'ping') process.send({ kind: 'pong' })
})
process.on('SIGTERM', () => {
  appendFileSync(file, name + ' asked\\n')
  setTimeout(() => {
    appendFileSync(file, name + ' ended\\n')
    process.exit(0)
  }, 50)
})
process.send({ kind: 'ready', addresses: {} })
`

test('children end turn by turn, and those of one turn at the same time', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'frostbyte-supervisor-'))
  const launched = join(directory, 'launcher.mjs')
  await writeFile(launched, slowLauncher)
  const supervisor = new Supervisor({ clock: new NodeClock(), log: new CollectingLog() }, { launcher: launched })
  const told = join(directory, 'told')
  try {
    await supervisor.start({ name: 'late', args: [told, 'late'], stopTurn: 1 })
    for (const name of ['soon-1', 'soon-2']) await supervisor.start({ name, args: [told, name] })
  } finally {
    await supervisor.stop()
  }
  const lines = (await readFile(told, 'utf8')).trim().split('\n')
  await rm(directory, { recursive: true })
  assert.deepEqual(lines.slice(0, 4).toSorted(), ['soon-1 asked', 'soon-1 ended', 'soon-2 asked', 'soon-2 ended'])
  assert.deepEqual(lines.slice(4), ['late asked', 'late ended'])
})
