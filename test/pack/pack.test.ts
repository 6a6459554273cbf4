// The published package: built and packed as `npm run pack` does, installed into an empty folder as a user would, and
// run from there.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'

const root = resolve(import.meta.dirname, '../..')
let folder = ''
let installed = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-install-'))
  const packed = execFileSync(process.execPath, ['tools/pack.ts', folder], { cwd: root, encoding: 'utf8' })
  const tarball = packed.trim().split('\n').at(-1) ?? ''
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], {
    cwd: folder,
    stdio: 'pipe',
  })
  installed = join(folder, 'node_modules/frostbyte')
})

after(() => rmSync(folder, { recursive: true, force: true }))

test('the package holds no TypeScript and no test', () => {
  const files = globSync('**/*', { cwd: installed, exclude: ['node_modules/**'] })
  assert.ok(files.includes('bin/frostbyte.js'))
  assert.ok(files.includes('LICENSE'))
  assert.deepEqual(
    files.filter((file) => /\.ts$|\.test\.|\.conformance\./.test(file)),
    [],
  )
})

test('its manifest asks for nothing that only the repository needs', () => {
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>
  assert.deepEqual([manifest['devDependencies'], manifest['scripts']], [undefined, undefined])
  assert.deepEqual(manifest['bin'], { frostbyte: 'bin/frostbyte.js' })
})

test('every module of it can be imported', () => {
  const modules = globSync('dist/**/*.js', { cwd: installed }).filter((file) => file !== 'dist/main.js')
  assert.ok(modules.length > 20)
  const urls = modules.map((file) => pathToFileURL(join(installed, file)).href)
  const script = `for (const url of ${JSON.stringify(urls)}) await import(url); console.log('imported')`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.equal(stdout, 'imported\n', stderr)
})

test('the installed command shows its help', () => {
  const args = [join(folder, 'node_modules/.bin/frostbyte'), '--help']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /Usage: frostbyte/)
  for (const command of ['up', 'put', 'get', 'status']) assert.match(stdout, new RegExp(`\\b${command}\\b`))
})
