import assert from 'node:assert/strict'
import { test } from 'node:test'

import { frameOf } from './frame-names.ts'

const source = new URL('../../', import.meta.url)

test('own functions are named by folder, file and function, and keep their whole path', () => {
  const url = new URL('master/upload.ts', source)
  assert.deepEqual(frameOf({ functionName: 'write', url: url.href, lineNumber: 41 }), {
    name: 'master/upload.write',
    file: url.pathname,
    startLine: 42,
  })
})

test('functions without a name are told apart by their line', () => {
  const { href: url } = new URL('main.ts', source)
  assert.equal(frameOf({ functionName: '', url, lineNumber: 6 }).name, 'main.(anonymous:7)')
})

test('functions of packages, of Node.js, of WebAssembly and of V8 are named by where they come from', () => {
  const named = [
    [{ functionName: 'get', url: 'file:///a/node_modules/lmdb/read.js' }, 'lmdb/read.get'],
    [{ functionName: 'get', url: 'file:///a/node_modules/b/node_modules/c/d.mjs' }, 'c/d.get'],
    [{ functionName: 'onread', url: 'node:internal/stream' }, 'node:internal/stream.onread'],
    [{ functionName: 'wasm-function[5]', url: 'wasm://wasm/0a1b' }, 'wasm.wasm-function[5]'],
    [{ functionName: '(garbage collector)', url: '' }, '(garbage collector)'],
    [{ functionName: '', url: '' }, '(native)'],
    [{ functionName: 'f', url: 'file:%zz/x.js' }, 'x.f'],
  ] as const
  for (const [frame, name] of named) assert.equal(frameOf({ ...frame, lineNumber: -1 }).name, name)
})
