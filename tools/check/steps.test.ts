// Proves that each step of `npm run check` still fails where it must. The linter and the tidy check have tests of
// their own, rule by rule (tools/lint, tools/tidy).

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

import { runStep, steps } from './steps.ts'
import type { Outcome } from './steps.ts'

const root = join(import.meta.dirname, '../..')

/** Runs the step in a folder of its own, which holds `files` and the repository's settings of the same name. */
async function runOn(
  stepName: string,
  settings: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-check-'))
  const step = steps.find(({ name }) => name === stepName)
  assert.ok(step !== undefined)
  try {
    // Without .gitignore the tools would follow the link to node_modules.
    for (const name of ['.gitignore', ...settings]) cpSync(join(root, name), join(folder, name), { recursive: true })
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    return await runStep(step, root, folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const formatted = 'export const a = { b: 1 }\n'

test('the format step accepts formatted files and refuses others', async () => {
  const good = await runOn('format', ['.oxfmtrc.json'], { 'src/a.ts': formatted })
  const bad = await runOn('format', ['.oxfmtrc.json'], { 'src/a.ts': 'export const a = {b: "1"};\n' })
  assert.deepEqual([good.failed, bad.failed], [false, true], good.output)
  assert.match(bad.output, /src\/a\.ts/)
})

test('the lint step accepts sound code and refuses a warning', async () => {
  const good = await runOn('lint', ['.oxlintrc.json', 'tsconfig.json', 'tools'], { 'src/base/a.ts': formatted })
  const bad = await runOn('lint', ['.oxlintrc.json', 'tsconfig.json', 'tools'], { 'src/base/a.ts': 'debugger\n' })
  assert.deepEqual([good.failed, bad.failed], [false, true], good.output)
})

test('the types step reports exactly the marked lines', async () => {
  const fixture = 'src/strict.ts'
  const texts = Object.fromEntries(
    [fixture, 'src/shape.ts'].map((name) => [name, readFileSync(join(root, 'tools/fixtures/types', name), 'utf8')]),
  )
  const { output } = await runOn('types', ['tsconfig.json', 'package.json'], texts)
  const expected = (texts[fixture] ?? '').split('\n').flatMap((line, index) => {
    const code = / expect: (TS\d+)$/.exec(line)?.[1]
    return code === undefined ? [] : [`${fixture}:${index + 1} ${code}`]
  })
  const reported = [...output.matchAll(/^(\S+)\((\d+),\d+\): error (TS\d+)/gm)].map(
    ([, file = '', line = '', code = '']) => `${file}:${line} ${code}`,
  )
  assert.ok(expected.length >= 20)
  assert.deepEqual(reported.toSorted(), expected.toSorted(), output)
})

test('the dead-code step reports a file, an export and a type that nobody uses, and a package that nobody named', async () => {
  const manifest = JSON.stringify({ name: 'fixture', type: 'module', devDependencies: { knip: '1.0.0' } })
  const { failed, output } = await runOn('dead code', ['knip.ts', 'tsconfig.json'], {
    'package.json': manifest,
    'tools/used.test.ts':
      "import { used } from './deep/partly.ts'\nimport { parse } from 'yaml'\nparse(String(used))\n",
    'tools/deep/partly.ts': 'export const used = 1\nexport const unusedExport = 2\nexport type UnusedType = string\n',
    'tools/deep/unused-file.ts': 'export const a = 1\n',
  })
  assert.equal(failed, true)
  for (const name of ['unusedExport', 'UnusedType', 'tools/deep/unused-file.ts', 'yaml'])
    assert.match(output, new RegExp(name))
})

test('a step whose program is missing fails', async () => {
  const outcome = await runStep({ name: 'none', command: ['no-such-program-here'], remedy: '' }, root)
  assert.equal(outcome.failed, true)
  assert.match(outcome.output, /no-such-program-here/)
})
