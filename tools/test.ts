// Runs a suite with the test runner of Node.js:  node tools/test.ts SUITE [PATH…] [-- OPTION…]
//
//   npm test                             everything fast
//   npm test -- src/codec                what lies under a folder, or one file
//   npm test -- src/codec -- --test-name-pattern=CRC     options of `node --test` after a second `--`
//
// A run that finds no file fails: a suite must not fall silent because somebody moved it.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { findSuite, listTestFiles, suiteNames } from './suites.ts'
import type { Suite } from './suites.ts'

const root = join(import.meta.dirname, '..')

function run(suite: Suite, paths: readonly string[], options: readonly string[]): number {
  const isAsked = (file: string): boolean =>
    paths.length === 0 || paths.some((path) => file === path || file.startsWith(path.replace(/\/?$/, '/')))
  const files = listTestFiles(suite, root).filter(isAsked)
  if (files.length === 0) {
    process.stderr.write(`no test file under ${(paths.length > 0 ? paths : suite.folders).join(', ')}\n`)
    return 1
  }
  const timeoutMs = suite.timeoutMinutes * 60_000
  const args = [
    '--test',
    `--test-concurrency=${suite.concurrency}`,
    `--test-timeout=${timeoutMs}`,
    ...options,
    ...files,
  ]
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compile'), ...process.env }
  const result = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env })
  return result.status ?? 1
}

function main(args: readonly string[]): number {
  const [name = '', ...rest] = args
  const suite = findSuite(name)
  if (suite === undefined) {
    process.stderr.write(`usage: node tools/test.ts SUITE [PATH…] [-- OPTION…], SUITE: ${suiteNames().join(', ')}\n`)
    return 2
  }
  const end = rest.indexOf('--')
  const paths = end === -1 ? rest : rest.slice(0, end)
  return run(suite, paths, end === -1 ? [] : rest.slice(end + 1))
}

process.exitCode = main(process.argv.slice(2))
