// Builds the folder that is published. Node.js refuses to strip types below node_modules, so the package holds the
// sources with their types already stripped: src/a.ts becomes dist/a.js. Stripping replaces types by blanks, so
// lines and columns in stack traces stay those of the source, and no source map is needed.

import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'

/** Part of the package as it is. npm adds package.json by itself. */
const copied = ['bin/frostbyte.js', 'README.md', 'LICENSE', 'CHANGELOG.md']
const notPublished = /\.(test|conformance)\.ts$|(^|\/)(conformance|testing|assembly)\//

interface Manifest {
  readonly [field: string]: unknown
}

/** Fields that make sense only in the repository. */
const repositoryFields = ['scripts', 'devDependencies', 'allowScripts']

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

export function makeManifest(manifest: Manifest): Manifest {
  const kept = Object.entries(manifest).filter(([field]) => !repositoryFields.includes(field))
  return { ...Object.fromEntries(kept), files: ['bin', 'dist'] }
}

/** Writes the package of the repository at `root` into `target`, a folder that exists; lists the files of dist/. */
export function buildPackage(root: string, target: string): readonly string[] {
  const built: string[] = []
  for (const file of globSync('src/**/*', { cwd: root, withFileTypes: true })) {
    const path = join(file.parentPath, file.name)
      .slice(root.length + 1)
      .replaceAll('\\', '/')
    if (!file.isFile() || notPublished.test(path)) continue
    const place = path.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js')
    mkdirSync(dirname(join(target, place)), { recursive: true })
    if (path.endsWith('.ts')) writeFileSync(join(target, place), stripSource(readFileSync(join(root, path), 'utf8')))
    else cpSync(join(root, path), join(target, place))
    built.push(place)
  }
  for (const path of copied) {
    mkdirSync(dirname(join(target, path)), { recursive: true })
    cpSync(join(root, path), join(target, path))
  }
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(makeManifest(manifest), undefined, 2)}\n`)
  return built.toSorted()
}
