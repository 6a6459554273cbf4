// Compiles src/codec/wasm/assembly/kernels.ts (AssemblyScript) to src/codec/wasm/module.ts, which holds the bytes of the
// WebAssembly module as text: src/codec does no I/O, so it cannot load a file. With `--check` nothing is written, and the
// command fails where source and module differ (`npm run check:wasm`), so the module in the tree is what the source says.
// The compiler runs as a process of its own: importing it would bring its global types over those of Node.js.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const root = dirname(import.meta.dirname)
const source = 'src/codec/wasm/assembly/kernels.ts'
const target = join(root, 'src/codec/wasm/module.ts')

const options =
  '--runtime stub --importMemory --noExportMemory --enable relaxed-simd --optimizeLevel 3 --shrinkLevel 0 --converge --noAssert'

/** Compiles `file` (below the repository's folder) and says whether `moduleFile` is what comes out. */
export async function isModuleCurrent(file: string = source, moduleFile: string = target): Promise<boolean> {
  return (await compileToText(file)) === (await readFile(moduleFile, 'utf8'))
}

async function compileToText(file: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-wasm-'))
  try {
    const output = join(folder, 'kernels.wasm')
    const compiler = join(root, 'node_modules/assemblyscript/bin/asc.js')
    const args = [compiler, file, '--outFile', output, ...options.split(' ')]
    await promisify(execFile)(process.execPath, args, { cwd: root })
    return moduleText(await readFile(output))
  } finally {
    await rm(folder, { recursive: true })
  }
}

function moduleText(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,110}/g) ?? []
  const text = lines.map((line) => `  '${line}'`).join(' +\n')
  return [
    '// Made by tools/build-wasm.ts from assembly/kernels.ts; `npm run build:wasm` makes it again.',
    '',
    `/** The WebAssembly module of the erasure code's inner loops: ${bytes.length} bytes, base 64. */`,
    `export const kernelsBase64 =\n${text}`,
    '',
  ].join('\n')
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) {
    await writeFile(target, await compileToText(source))
  } else if (!(await isModuleCurrent())) {
    process.stderr.write(`${target} is not what ${source} compiles to: run \`npm run build:wasm\`\n`)
    process.exitCode = 1
  }
}
