import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

import { buildPackage, makeManifest, renameImports, stripSource } from './build-package.ts'

test('every form of import of a file is renamed', () => {
  for (const form of [
    "import { a } from './a.ts'",
    "export * from '../b/a.ts'",
    'import {\n  a,\n} from "./a.ts"',
    "import './a.ts'",
    "await import('./a.ts')",
    "new URL('./a.ts', import.meta.url)",
  ]) {
    assert.equal(renameImports(form), form.replace('.ts', '.js'))
  }
})

test('packages and other texts are not renamed', () => {
  for (const text of ["import { a } from 'package/a.ts'", "const a = './a.ts'", '// see ./a.ts']) {
    assert.equal(renameImports(text), text)
  }
})

test('stripping keeps every line where it was', () => {
  const source = "import type { A } from './a.ts'\n\ninterface B {\n  b: A\n}\nexport const c: number = 1 as number\n"
  assert.equal(stripSource(source), '\n\n\n\n\nexport const c         = 1\n')
})

test('the published manifest has neither scripts nor development dependencies', () => {
  const manifest = makeManifest({ name: 'a', scripts: {}, devDependencies: {}, dependencies: { b: '1.0.0' } })
  assert.deepEqual(manifest, { name: 'a', dependencies: { b: '1.0.0' }, files: ['bin', 'dist'] })
})

test('tests, conformance suites and WebAssembly sources are not published', () => {
  const root = mkdtempSync(join(tmpdir(), 'frostbyte-build-'))
  const target = mkdtempSync(join(tmpdir(), 'frostbyte-build-'))
  const files = {
    'package.json': '{}',
    'README.md': '',
    'LICENSE': '',
    'CHANGELOG.md': '',
    'bin/frostbyte.js': '',
    'src/main.ts': "import { a } from './base/a.ts'\n",
    'src/base/a.ts': 'export const a: number = 1\n',
    'src/base/a.test.ts': '',
    'src/base/a.conformance.ts': '',
    'src/base/testing/b.ts': '',
    'src/codec/wasm/assembly/kernel.ts': '',
    'src/gateway/page.html': '<p>',
  }
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    assert.deepEqual(buildPackage(root, target), ['dist/base/a.js', 'dist/gateway/page.html', 'dist/main.js'])
    assert.equal(readFileSync(join(target, 'dist/main.js'), 'utf8'), "import { a } from './base/a.js'\n")
    assert.ok(existsSync(join(target, 'bin/frostbyte.js')))
  } finally {
    for (const folder of [root, target]) rmSync(folder, { recursive: true })
  }
})
