// The published package: packed by `npm pack`, installed into an empty folder as a user would, and
// run from there.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'

const root = resolve(import.meta.dirname, '../..')
let folder = ''
let installed = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-install-'))
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: root, stdio: 'pipe' })
  const [tarball = ''] = globSync('*.tgz', { cwd: folder })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`], {
    cwd: folder,
    stdio: 'pipe',
  })
  installed = join(folder, 'node_modules/frostbyte')
})

after(() => rmSync(folder, { recursive: true, force: true }))

test('the package holds no TypeScript and no test', () => {
  const files = globSync('**/*', { cwd: installed, exclude: ['node_modules/**'] })
  for (const file of ['bin/frostbyte.js', 'LICENSE', 'README.md', 'CHANGELOG.md']) assert.ok(files.includes(file), file)
  const folders = new Set(files.flatMap((file) => (file.includes('/') ? [file.split('/')[0]] : [])))
  assert.deepEqual(folders, new Set(['bin', 'dist']))
  assert.deepEqual(
    files.filter((file) => /\.ts$|\.test\.|\.conformance\./.test(file)),
    [],
  )
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
