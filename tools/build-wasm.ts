// Compiles the sources in src/codec/wasm/assembly (AssemblyScript) to modules beside it, which hold the bytes of
// WebAssembly as text: src/codec does no I/O, so it cannot load a file. With `--check` nothing is written, and the
// command fails where source and module differ (`npm run check:wasm`), so the modules in the tree are what the sources say.
// The compiler runs as a process of its own: importing it would bring its global types over those of Node.js.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const root = dirname(import.meta.dirname)
const folder = 'src/codec/wasm'

interface WasmModule {
  readonly source: string
  readonly target: string
  /** The constant that holds the bytes. */
  readonly name: string
  readonly holds: string
}

export const kernels: WasmModule = {
  source: `${folder}/assembly/kernels.ts`,
  target: join(root, folder, 'module.ts'),
  name: 'kernelsBase64',
  holds: "the erasure code's inner loops",
}

const crc64: WasmModule = {
  source: `${folder}/assembly/crc64.ts`,
  target: join(root, folder, 'crc64-module.ts'),
  name: 'crc64Base64',
  holds: 'CRC-64/NVME',
}

export const wasmModules: readonly WasmModule[] = [kernels, crc64]

const options =
  '--runtime stub --importMemory --noExportMemory --enable relaxed-simd --optimizeLevel 3 --shrinkLevel 0 --converge --noAssert'

/** Compiles a module's source and says whether its module file is what comes out. */
export async function isModuleCurrent(module: WasmModule): Promise<boolean> {
  return (await compileToText(module)) === (await readFile(module.target, 'utf8'))
}

async function compileToText(module: WasmModule): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), 'frostbyte-wasm-'))
  try {
    const output = join(place, 'module.wasm')
    const compiler = join(root, 'node_modules/assemblyscript/bin/asc.js')
    const args = [compiler, module.source, '--outFile', output, ...options.split(' ')]
    await promisify(execFile)(process.execPath, args, { cwd: root })
    return moduleText(module, await readFile(output))
  } finally {
    await rm(place, { recursive: true })
  }
}

function moduleText({ source, name, holds }: WasmModule, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,110}/g) ?? []
  const text = lines.map((line) => `  '${line}'`).join(' +\n')
  return [
    `// Made by tools/build-wasm.ts from assembly/${basename(source)}; \`npm run build:wasm\` makes it again.`,
    '',
    `/** The WebAssembly module of ${holds}: ${bytes.length} bytes, base 64. */`,
    `export const ${name} =\n${text}`,
    '',
  ].join('\n')
}

if (import.meta.main) {
  const isCheck = process.argv.includes('--check')
  for (const module of wasmModules) {
    if (!isCheck) {
      await writeFile(module.target, await compileToText(module))
    } else if (!(await isModuleCurrent(module))) {
      process.stderr.write(`${module.target} is not what ${module.source} compiles to: run \`npm run build:wasm\`\n`)
      process.exitCode = 1
    }
  }
}
