// Runs the commands of a guide as a reader would: its blocks marked `sh`, one after the other in one shell, in an empty directory.
// A block marked `sh background` serves until the end. Only the port is another one, so that several tests can run.

import { spawn } from 'node:child_process'
import { mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { freePort } from './real-cluster.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface GuideRun {
  readonly code: number | null
  /** All that was said, commands included. */
  readonly said: string
  /** Commands that were run, background ones included. */
  readonly commands: readonly string[]
}

interface Block {
  readonly isBackground: boolean
  readonly text: string
}

export async function runGuide(path: string): Promise<GuideRun> {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'frostbyte-guide-'))
  const port = await freePort()
  const document = await readFile(join(root, path), 'utf8')
  const blocks = readBlocks(document.replaceAll(/(127\.0\.0\.1|localhost):8080/g, `$1:${port}`))
  await mkdir(join(directory.path, 'bin'))
  const launcher = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin/frostbyte.js')}' "$@"\n`
  await writeFile(join(directory.path, 'bin/frostbyte'), launcher, { mode: 0o755 })
  const script = join(directory.path, 'guide.sh')
  await writeFile(script, toScript(blocks, port))
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('FROSTBYTE_'))
  const child = spawn('bash', [script], {
    cwd: directory.path,
    env: {
      ...Object.fromEntries(inherited),
      PATH: `${join(directory.path, 'bin')}:${process.env['PATH'] ?? ''}`,
      FROSTBYTE_REST_PORT: String(port),
      FROSTBYTE_INTERNAL_PORT: String(await freePort()),
      FROSTBYTE_FIRST_WORKER_PORT: '0',
      FROSTBYTE_OBSERVE_PORT: '0',
      FROSTBYTE_URL: `http://127.0.0.1:${port}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  return { code, said, commands: blocks.flatMap(({ text }) => text.trim().split('\n')) }
}

function readBlocks(document: string): readonly Block[] {
  const found = document.matchAll(/^```sh( background)?\n(.*?)^```$/gms)
  return Array.from(found, ([, background, text = '']) => ({ isBackground: background !== undefined, text }))
}

function toScript(blocks: readonly Block[], port: number): string {
  const ready = [
    'for try in $(seq 600); do',
    `  if curl -sfk "http://127.0.0.1:${port}/readyz" > /dev/null || curl -sfk "https://127.0.0.1:${port}/readyz" > /dev/null`,
    '  then break; fi',
    '  sleep 0.1',
    'done',
  ].join('\n')
  const parts = blocks.map(({ isBackground, text }) =>
    isBackground
      ? `( ${text.replace(/^frostbyte/m, 'exec frostbyte')} ) &\nserver=$!\n${ready}\n`
      : `set -x\n${text}{ set +x; } 2>/dev/null\n`,
  )
  const end = `trap 'test -z "$server" || { kill "$server"; wait "$server"; } || true' EXIT\n`
  return `set -euo pipefail\nserver=\n${end}${parts.join('')}`
}
