import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

import { buildPackage, renameImports, stripSource } from './build-package.ts'

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

test('tests, conformance suites and WebAssembly sources are not published', () => {
  const source = mkdtempSync(join(tmpdir(), 'frostbyte-build-'))
  const target = mkdtempSync(join(tmpdir(), 'frostbyte-build-'))
  const files = {
    'main.ts': "import { a } from './base/a.ts'\n",
    'base/a.ts': 'export const a: number = 1\n',
    'base/a.test.ts': '',
    'base/a.conformance.ts': '',
    'base/testing/b.ts': '',
    'codec/wasm/assembly/kernel.ts': '',
    'gateway/page.html': '<p>',
  }
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(source, path)), { recursive: true })
      writeFileSync(join(source, path), text)
    }
    assert.deepEqual(buildPackage(source, target), ['base/a.js', 'gateway/page.html', 'main.js'])
    assert.equal(readFileSync(join(target, 'main.js'), 'utf8'), "import { a } from './base/a.js'\n")
    assert.equal(readFileSync(join(target, 'gateway/page.html'), 'utf8'), '<p>')
  } finally {
    for (const folder of [source, target]) rmSync(folder, { recursive: true })
  }
})
