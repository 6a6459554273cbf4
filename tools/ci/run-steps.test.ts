import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const root = join(import.meta.dirname, '../..')

/** Runs steps, each a script given to `node -e`, in a process of its own, because they write to its output. */
function runScripts(
  scripts: readonly string[],
  budgetMinutes: number,
): { readonly passed: string; readonly text: string } {
  const steps = scripts.map((script, index) => ({ name: `step-${index + 1}`, args: ['-e', script], budgetMinutes }))
  const program = `
    import { runSteps } from './tools/ci/run-steps.ts'
    process.stderr.write(String(await runSteps(${JSON.stringify(steps)}, process.cwd())))`
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' })
  return { passed: result.stderr, text: result.stdout }
}

/** A process that has ended but that nobody has waited for yet counts as ended. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

test('a run whose steps all pass passes', () => {
  const { passed, text } = runScripts(["console.log('one')", "console.log('two')"], 1)
  assert.equal(passed, 'true')
  assert.match(text, /one[^]*two[^]*all steps passed/)
})

test('a step that fails fails the run, and the next one runs all the same', () => {
  const { passed, text } = runScripts(['process.exit(3)', "console.log('still here')"], 1)
  assert.equal(passed, 'false')
  assert.match(text, /still here[^]*step-1 .* failed\nstep-2 .* ok\n\n1 failed: step-1/)
})

test('a step that does not end within its budget is ended and named', () => {
  const { passed, text } = runScripts(['setInterval(() => undefined, 1000)'], 0.01)
  assert.equal(passed, 'false')
  assert.match(text, /step-1 .* out of time/)
})

test('what a step leaves behind is ended with it', async () => {
  const child =
    "require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' })"
  const { text } = runScripts([`const child = ${child}; child.unref(); console.log('pid ' + child.pid)`], 1)
  const pid = Number(/pid (\d+)/.exec(text)?.[1])
  assert.ok(pid > 0)
  while (isRunning(pid)) await sleep(20) // A killed process takes a moment; one that lives on ends this suite by its time.
})

test('a suite without a file that was asked for fails', () => {
  const run = spawnSync(process.execPath, ['tools/test.ts', 'unit', 'no/such/folder'], { cwd: root, encoding: 'utf8' })
  assert.equal(run.status, 1)
  assert.match(run.stderr, /no test file under no\/such\/folder/)
})

test('an unknown suite and an unknown step are refused', () => {
  for (const script of ['tools/test.ts', 'tools/ci.ts', 'tools/check.ts']) {
    const { status } = spawnSync(process.execPath, [script, 'no-such-name'], { cwd: root })
    assert.equal(status, 2, script)
  }
})
