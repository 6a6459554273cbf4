// Proves that every tidy rule still reports. A fixture is a small repository: its broken form must be reported at
// exactly the listed places, its sound form nowhere. Forbidden words are put together from pieces, so that the rules
// do not find this file.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { budgetMinutesMax, suiteNames } from '../suites.ts'
import { checkBudgets } from './package-rules.ts'
import { makeFile, readRepository } from './repository.ts'
import { tidyRules } from './rules.ts'

type Texts = Readonly<Record<string, string>>

interface Fixture {
  readonly broken: Texts
  /** `path:line` of each finding, in order. */
  readonly places: readonly string[]
  readonly sound: Texts
}

const long = (length: number, word: string): string => `${word} `.repeat(Math.ceil(length / (word.length + 1)))
const lines = (count: number): string => 'const a = 1\n'.repeat(count)
const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`
const allSuites = Object.fromEntries(
  suiteNames()
    .filter((name) => name !== 'unit')
    .map((name) => [`test/${name}/a.test.ts`, '']),
)
const allScripts = Object.fromEntries(suiteNames().map((name) => [`test:${name}`, `node tools/test.ts ${name}`]))
const completeDecision = '# 1\n\n## Context\n\n## Choice\n\n## Alternatives\n\n## Consequences\n'
const dependencies = { left: '1.0.0', right: '2.0.0' }

const fixtures: Readonly<Record<string, Fixture>> = {
  'decisions': {
    broken: {
      'docs/adr/0001-one.md': completeDecision,
      'docs/adr/0001-other.md': completeDecision,
      'docs/adr/0002-half.md': '# 2\n\n## Context\n',
      'docs/adr/three.md': completeDecision,
    },
    places: ['docs/adr/0001-other.md', 'docs/adr/0002-half.md', 'docs/adr/three.md'],
    sound: { 'docs/adr/0001-one.md': completeDecision, 'docs/adr/README.md': '# Decisions\n' },
  },
  'dependency-reasons': {
    broken: {
      'package.json': json({ dependencies }),
      'docs/dependencies.md': '| `left` | it is left |\n| `old` | it was good |\n| `right` | |\n',
    },
    places: ['docs/dependencies.md', 'docs/dependencies.md:2'],
    sound: {
      'package.json': json({ dependencies }),
      'docs/dependencies.md': '| `left` | it is left |\n| `right` | it is right |\n',
    },
  },
  'double-cast': {
    broken: { 'src/a.ts': `const a = 1 as ${'unknown'} as string\n` },
    places: ['src/a.ts:1'],
    sound: { 'src/a.ts': 'const a = 1 as number\n' },
  },
  'exact-versions': {
    broken: { 'package.json': json({ dependencies: { a: '^1.0.0' }, devDependencies: { b: 'latest' } }) },
    places: ['package.json:3', 'package.json:6'],
    sound: { 'package.json': json({ dependencies, overrides: { a: '1.0.0-beta.1' } }) },
  },
  'file-names': {
    broken: {
      'src/utils.ts': '',
      'src/aB.ts': '',
      'src/common/a.ts': '',
      'src/a_b.ts': '',
      'src/big.ts': long(600_000, 'a'),
    },
    places: ['src/utils.ts', 'src/aB.ts', 'src/common/a.ts', 'src/a_b.ts', 'src/big.ts'],
    sound: { 'README.md': '', 'src/a-b.test.ts': '', '.editorconfig': '', 'docs/adr/0001-a.md': '', '.ci/run': '' },
  },
  'headers': {
    broken: { 'src/a.ts': lines(41), 'bin/b.js': `#!/usr/bin/env node\n${lines(41)}` },
    places: ['src/a.ts:1', 'bin/b.js:1'],
    sound: {
      'src/short.ts': lines(40),
      'src/a.ts': `// Why.\n${lines(41)}`,
      'src/a.test.ts': lines(41),
      'src/types.ts': `export interface A {\n${'  readonly a: () => void\n'.repeat(50)}}\n`,
      'bin/b.js': `#!/usr/bin/env node\n// Why.\n${lines(41)}`,
    },
  },
  'line-length': {
    broken: { 'src/a.ts': `\n// ${long(140, 'word')}\n` },
    places: ['src/a.ts:2'],
    sound: { 'src/a.ts': `const bytes = '${'a'.repeat(200)}'\n`, 'docs/a.md': `${long(200, 'word')}\n` },
  },
  'links': {
    broken: { 'README.md': 'See [a](docs/a.md), [b](docs/b.md)\n', 'docs/a.md': '[up](../NONE.md#part)\n' },
    places: ['README.md:1', 'docs/a.md:1'],
    sound: {
      'README.md':
        '[a](docs/a.md#part) [docs](docs/) [web](https://example.org/x) `[not](a-link)`\n```\n[no](x)\n```\n',
      'docs/a.md': '[up](../README.md) [here](#part)\n',
    },
  },
  'lock-file': {
    broken: {
      'package-lock.json': json({
        packages: {
          'node_modules/a': { resolved: 'https://example.org/a.tgz', integrity: 'sha512-a' },
          'node_modules/b': { version: '1.0.0' },
          'node_modules/c': {
            integrity: 'sha512-c',
            optionalDependencies: { 'c-linux': '1.0.0', 'c-darwin': '1.0.0' },
          },
          'node_modules/c-linux': { integrity: 'sha512-d' },
        },
      }),
    },
    places: ['package-lock.json:3', 'package-lock.json:7', 'package-lock.json:10'],
    sound: {
      'package-lock.json': json({
        packages: {
          '': { name: 'root' },
          'node_modules/c': { integrity: 'sha512-c', optionalDependencies: { 'c-linux': '1.0.0' } },
          'node_modules/x/node_modules/c-linux': { integrity: 'sha512-d' },
        },
      }),
    },
  },
  'machine': {
    broken: {
      'a.json': `"https://registry.${'npm'}js.org/a"\n`,
      'src/a.ts': `\nconst a = '/${'wo' + 'rk'}/main'\n`,
      'docs/a.md': `see /${'ro' + 'ot'}/a, \`../${'sha' + 'red'}/a\`\n`,
    },
    places: ['a.json:1', 'src/a.ts:2', 'docs/a.md:1'],
    sound: { 'src/a.ts': `import { a } from '../worker/a.ts' // and/work/together, ../shared.ts\n` },
  },
  'mapped': {
    broken: { 'ARCHITECTURE.md': '`src`: `src/base/`\n', 'src/base/a.ts': '', 'src/new/a.ts': '', 'other/a.ts': '' },
    places: ['ARCHITECTURE.md', 'ARCHITECTURE.md'],
    sound: { 'ARCHITECTURE.md': '`src`: `src/base`\n', 'src/base/a.ts': '', 'src/main.ts': '' },
  },
  'reachable': {
    broken: { 'README.md': '[a](docs/a.md)\n', 'docs/a.md': '', 'docs/b.md': '[me](b.md)\n' },
    places: ['docs/b.md'],
    sound: { 'README.md': '[a](docs/a.md)\n', 'docs/a.md': '[records](adr/)\n', 'docs/adr/0001-a.md': '' },
  },
  'silenced': {
    broken: { 'src/a.ts': `// oxlint${'-disable'}-next-line eslint/no-var\n// oxlint${'-disable'}\n` },
    places: ['src/a.ts:1', 'src/a.ts:2'],
    sound: { 'src/a.ts': `// oxlint${'-disable'}-next-line eslint/no-var -- the reason is this\n` },
  },
  'suites': {
    broken: {
      'package.json': json({ scripts: { ...allScripts, 'test:pack': 'true' } }),
      'test/unheard-of/a.test.ts': '',
      ...allSuites,
    },
    places: ['test/unheard-of', 'test/unheard-of', 'test/pack'],
    sound: { 'package.json': json({ scripts: allScripts }), 'test/fast/a.test.ts': '', ...allSuites },
  },
  'switched-off': {
    broken: { 'a.test.ts': `test${'.only'}('a', f)\ntest${'.skip'}('a', f)\ntest('a', { ${'skip'}: true }, f)\n` },
    places: ['a.test.ts:1', 'a.test.ts:2', 'a.test.ts:3'],
    sound: { 'a.test.ts': `// The kernel lacks it.\ntest${'.skip'}('a', f)\ntest('a', { skip: 'no strace' }, f)\n` },
  },
  'unfinished': {
    broken: { 'src/a.ts': `\n// ${'TO' + 'DO'}: more\n`, 'docs/a.md': `${'FIX' + 'ME'}\n` },
    places: ['src/a.ts:2', 'docs/a.md:1'],
    sound: { 'src/a.ts': `const mastodon = '${'XX' + 'XY'}'\n` },
  },
  'whitespace': {
    broken: { 'a.ts': 'a\r\nb \n\tc\nd', 'a.md': 'a  \n' },
    places: ['a.ts:1', 'a.ts:2', 'a.ts:3', 'a.ts:4', 'a.md:1'],
    sound: { 'a.ts': "const a = '\\t'\n", 'a.txt': 'a\t\n', 'empty.ts': '' },
  },
}

function findPlaces(ruleName: string, texts: Texts): readonly string[] {
  const files = new Map(Object.entries(texts).map(([path, text]) => [path, makeFile(path, text)]))
  const findings = tidyRules[ruleName]?.({ files }) ?? []
  assert.ok(findings.every(({ message }) => message.includes('Remedy: ')))
  return findings.map(({ path, line }) => (line > 0 ? `${path}:${line}` : path))
}

for (const [ruleName, { broken, places, sound }] of Object.entries(fixtures)) {
  describe(`tidy rule ${ruleName}`, () => {
    test('reports its broken fixture', () => assert.deepEqual(findPlaces(ruleName, broken), places))
    test('is silent about its sound fixture', () => assert.deepEqual(findPlaces(ruleName, sound), []))
  })
}

test('every tidy rule has a fixture', () => {
  assert.deepEqual(Object.keys(fixtures).toSorted(), Object.keys(tidyRules).toSorted())
})

test('budgets that fill more than the time of CI are reported', () => {
  assert.equal(checkBudgets([budgetMinutesMax, 1]).length, 1)
})

test('the repository is read without what .gitignore names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-tidy-'))
  try {
    writeFileSync(join(folder, '.gitignore'), '# comment\nnode_modules/\n/data/\n*.log\n')
    for (const name of ['src/data', 'data', 'node_modules/a', '.git']) {
      mkdirSync(join(folder, name), { recursive: true })
      writeFileSync(join(folder, name, 'a.ts'), 'a\nb\n')
    }
    writeFileSync(join(folder, 'a.log'), '')
    writeFileSync(join(folder, 'a.bin'), Buffer.from([0, 1, 2]))
    const { files } = readRepository(folder)
    assert.deepEqual([...files.keys()], ['.gitignore', 'a.bin', 'src/data/a.ts'])
    assert.deepEqual(files.get('src/data/a.ts')?.lines, ['a', 'b'])
    assert.deepEqual(files.get('a.bin'), { path: 'a.bin', text: '', lines: [], bytes: 3 })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
