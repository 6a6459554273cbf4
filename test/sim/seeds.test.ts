// Fresh seeds, each twice with one hash, and all regressions, on processes of their own: what CI runs.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

import { catchPlant, readPlants } from '../../sim/driver/run-plants.ts'

const root = join(import.meta.dirname, '../..')

/** The exit code; what it says goes to the terminal. */
async function sim(args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, ['sim/run.ts', ...args], { cwd: root, stdio: 'inherit' })
  const { promise, resolve } = Promise.withResolvers<number | null>()
  child.once('exit', resolve)
  return await promise
}

test('150 fresh seeds pass, twice with the same trace', async () => {
  assert.equal(await sim(['--seeds', '150', '--twice']), 0)
})

test('seeds that once failed pass', async () => {
  assert.equal(await sim(['--regressions', '--twice']), 0)
})

test('a seed with a planted fault fails, so that a failure is a failure', async () => {
  const known = (await readPlants()).find(({ plant }) => plant === 'condition-ignored')
  assert.ok(known !== undefined)
  const caught = await catchPlant(known)
  assert.ok(caught !== undefined)
  assert.equal(await sim(['--seeds', '1', '--from', `${caught.seed}`, '--plant', known.plant, '--processes', '1']), 1)
})
