// Builds dist/, which the published package holds instead of src/. Node.js refuses to strip types below node_modules,
// so dist/ holds the sources with their types already stripped: src/a.ts becomes dist/a.js. Stripping replaces types
// by blanks, so lines and columns in stack traces stay those of the source, and no source map is needed.

import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'

const notPublished = /\.(test|conformance)\.ts$|(^|\/)(conformance|testing|assembly|golden)\//

/**
 * `from './a.ts'`, `import('./a.ts')`, `import './a.ts'` and `new URL('./a.ts', …)` become `.js`; text elsewhere is
 * left alone, and so is a package's file.
 */
export function renameImports(source: string): string {
  return source.replaceAll(
    /(\bfrom\s*|\bimport\s*\(?\s*|\bnew\s+URL\s*\(\s*)(['"])(\.\.?\/[^'"\n]*)\.ts\2/g,
    (_match, before: string, quote: string, path: string) => `${before}${quote}${path}.js${quote}`,
  )
}

export function stripSource(source: string): string {
  return renameImports(stripTypeScriptTypes(source, { mode: 'strip' }).replaceAll(/[ \t]+$/gm, ''))
}

/** Writes what is stripped of the folder `source` into the folder `target`; lists the files, sorted. */
export function buildPackage(source: string, target: string): readonly string[] {
  const built: string[] = []
  for (const path of globSync('**/*.*', { cwd: source }).map((file) => file.replaceAll('\\', '/'))) {
    if (notPublished.test(path)) continue
    const place = path.replace(/\.ts$/, '.js')
    mkdirSync(dirname(join(target, place)), { recursive: true })
    if (path === place) cpSync(join(source, path), join(target, place))
    else writeFileSync(join(target, place), stripSource(readFileSync(join(source, path), 'utf8')))
    built.push(place)
  }
  return built.toSorted()
}
