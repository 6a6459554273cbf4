// How functions are named in profiles: by folder, file and function, as Go's are, because a method's own name (`write`, `next`) says
// little in a table. Types are stripped in place, so lines are those of the TypeScript source.

import { fileURLToPath } from 'node:url'

import type { CallFrame, Frame } from './pprof-builder.ts'

/** The folder above this layer's: `src/`, or `dist/` in a package. */
const sourceRoot = new URL('../../', import.meta.url).href
const packages = '/node_modules/'

/** @example `master/upload.write`, `lmdb/write.flush`, `node:net.onconnection`, `(garbage collector)`. */
export function frameOf({ functionName, url, lineNumber }: CallFrame): Frame {
  const startLine = Math.max(0, lineNumber + 1)
  if (url === '') return { name: functionName === '' ? '(native)' : functionName, file: '', startLine }
  const own = functionName === '' ? `(anonymous:${startLine})` : functionName
  return { name: `${moduleOf(url)}.${own}`, file: fileOf(url), startLine }
}

function moduleOf(url: string): string {
  if (url.startsWith('wasm:')) return 'wasm'
  const withoutEnd = url.replace(/\.(?:ts|js|cjs|mjs)$/, '')
  if (url.startsWith(sourceRoot)) return withoutEnd.slice(sourceRoot.length)
  const inPackage = url.lastIndexOf(packages)
  if (inPackage !== -1) return withoutEnd.slice(inPackage + packages.length)
  return url.startsWith('node:') ? withoutEnd : withoutEnd.slice(withoutEnd.lastIndexOf('/') + 1)
}

function fileOf(url: string): string {
  try {
    return url.startsWith('file:') ? fileURLToPath(url) : url
  } catch {
    return url
  }
}
