import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { isModuleCurrent, kernels, wasmModules } from './build-wasm.ts'

const root = join(import.meta.dirname, '..')

for (const module of wasmModules) {
  test(`the WebAssembly module of ${module.holds} in the tree is what its source compiles to`, async () => {
    assert.equal(await isModuleCurrent(module), true, 'run `npm run build:wasm`')
  })
}

test('the check of the module finds a source that was changed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-kernels-'))
  try {
    const changed = join(folder, 'kernels.ts')
    await copyFile(join(root, kernels.source), changed)
    const text = await readFile(changed, 'utf8')
    assert.ok(text.includes('rows > 4 ? 4 : rows'))
    await writeFile(changed, text.replace('rows > 4 ? 4 : rows', 'rows > 3 ? 3 : rows'))
    assert.equal(await isModuleCurrent({ ...kernels, source: changed }), false)
  } finally {
    await rm(folder, { recursive: true })
  }
})
