// `npm run pack`: builds the package for npm and packs it:  node tools/pack.ts [FOLDER]
// The tarball is left in FOLDER (the current one unless given); its path is the last line printed.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { buildPackage } from './pack/build-package.ts'

const root = resolve(import.meta.dirname, '..')
const destination = resolve(process.argv[2] ?? '.')
const folder = mkdtempSync(join(tmpdir(), 'frostbyte-package-'))
try {
  const built = buildPackage(root, folder)
  const args = ['pack', '--silent', '--pack-destination', destination]
  const name = execFileSync('npm', args, { cwd: folder, encoding: 'utf8' }).trim()
  process.stdout.write(`${built.length} files in dist/\n${join(destination, name)}\n`)
} finally {
  rmSync(folder, { recursive: true })
}
