// Proves that the linter still reports: every rule named in .oxlintrc.json has a line in tools/fixtures/lint that it
// must report, marked `// expect: plugin/rule`, and reports no line without a mark.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { before, test } from 'node:test'

import { bansByKind } from './globals.ts'

const root = join(import.meta.dirname, '../..')
const fixtures = join(root, 'tools/fixtures/lint')

interface Report {
  readonly diagnostics: readonly {
    readonly code?: string
    readonly message: string
    readonly filename: string
    readonly labels: readonly { readonly span: { readonly line: number } }[]
  }[]
}

/** `eslint(no-var)` as `eslint/no-var`. */
function ruleName(code: string | undefined): string {
  return code === undefined ? 'unused-directive' : code.replace(/^(.*)\((.*)\)$/, '$1/$2')
}

async function lint(folder: string): Promise<Report> {
  const program = join(root, 'node_modules/.bin/oxlint')
  const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`
  const { promise, resolve } = Promise.withResolvers<string>()
  const options = { cwd: folder, env: { ...process.env, PATH: path }, maxBuffer: 16 * 1024 * 1024 }
  execFile(program, ['--format=json', 'src', 'sim', 'bench'], options, (_error, stdout) => resolve(stdout))
  return JSON.parse(await promise) as Report
}

/** Files that are made here because nobody wants to read them. */
const generated: Readonly<Record<string, string>> = {
  'bench/long-file.ts': 'export {}\n'.repeat(600) + 'export {} // expect: eslint/max-lines\n',
  'bench/long-function.ts': `export function long(): void { // expect: eslint/max-lines-per-function\n${'  String(1)\n'.repeat(70)}}\n`,
  'bench/long-function.test.ts': `export function long(): void {\n${'  String(1)\n'.repeat(70)}}\n`,
}

const expected: string[] = []
let reported: readonly string[] = []
let messages: readonly string[] = []

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-lint-'))
  try {
    cpSync(fixtures, folder, { recursive: true })
    for (const [name, text] of Object.entries(generated)) writeFileSync(join(folder, name), text)
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) cpSync(join(root, name), join(folder, name))
    for (const name of ['node_modules', 'tools']) symlinkSync(join(root, name), join(folder, name))
    for (const file of globSync('{src,sim,bench}/**/*.ts', { cwd: folder })) {
      readFileSync(join(folder, file), 'utf8')
        .split('\n')
        .forEach((line, index) => {
          const rules = / expect: (.*)$/.exec(line)?.[1]?.split(', ') ?? []
          for (const rule of rules) expected.push(`${file}:${index + 1} ${rule}`)
        })
    }
    const report = await lint(folder)
    messages = report.diagnostics.map((diagnostic) => diagnostic.message)
    reported = report.diagnostics.map(
      ({ code, filename, labels }) => `${filename}:${labels[0]?.span.line ?? 0} ${ruleName(code)}`,
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the linter reports exactly the marked lines', () => {
  const silent = expected.filter((line) => !reported.includes(line))
  const surplus = reported.filter((line) => !expected.includes(line))
  assert.deepEqual({ silent, surplus }, { silent: [], surplus: [] })
})

test('every rule in the configuration has a fixture', () => {
  const text = readFileSync(join(root, '.oxlintrc.json'), 'utf8').replaceAll(/^\s*\/\/.*$/gm, '')
  const { rules } = JSON.parse(text) as { readonly rules: Readonly<Record<string, unknown>> }
  const names = Object.entries(rules).flatMap(([name, level]) => (level === 'off' ? [] : [name]))
  assert.ok(names.length > 50)
  assert.deepEqual(
    names.filter((name) => !expected.some((line) => line.endsWith(` ${name}`))),
    [],
  )
})

test('every report of our own rules names the remedy', () => {
  const ours = messages.filter((message) => message.includes('(rule: frostbyte/'))
  assert.ok(ours.length > 40)
  assert.deepEqual(
    ours.filter((message) => !message.includes('Remedy: ')),
    [],
  )
})

test('every banned global has a fixture', () => {
  const names = Object.values(bansByKind).flatMap((bans) => Object.keys(bans))
  assert.deepEqual(
    names.filter((name) => !messages.some((message) => message.includes(` may not use ${name}. `))),
    [],
  )
})
