// bin/frostbyte.js on a Node.js that is too old for the rest of the program.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const launcher = join(import.meta.dirname, '../bin/frostbyte.js')

/** The launcher believes that it runs on `version`. */
function launchOn(version: string): { readonly status: number | null; readonly stderr: string } {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  const args = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, launcher, '--help']
  return spawnSync(process.execPath, args, { encoding: 'utf8' })
}

for (const version of ['18.20.0', '20.20.2', '24.11.1']) {
  test(`on Node.js ${version} the launcher names both versions and the remedy`, () => {
    const { status, stderr } = launchOn(version)
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`this is Node\\.js ${version.replaceAll('.', '\\.')}, .* needs Node\\.js 24\\.12`))
    assert.match(stderr, /Remedy: .*npm start/)
  })
}

for (const version of ['24.12.0', '25.0.0', '26.0.0']) {
  test(`on Node.js ${version} the launcher does not complain`, () => {
    assert.doesNotMatch(launchOn(version).stderr, /Remedy/)
  })
}
