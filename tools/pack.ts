// Run by npm around `npm pack` and `npm publish`: `prepack` builds dist/, `postpack` (--clean) deletes it again.

import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { buildPackage } from './pack/build-package.ts'

const root = join(import.meta.dirname, '..')
const target = join(root, 'dist')
rmSync(target, { recursive: true, force: true })
if (!process.argv.includes('--clean')) {
  const built = buildPackage(join(root, 'src'), target)
  process.stderr.write(`dist/: ${built.length} files without types\n`)
}
