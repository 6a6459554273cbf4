// A real master process: it does not serve other machines without an administrator, and its secrets are in no log.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempDisposable, readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { parseChildMessage } from '../../../src/node/child-messages.ts'

const launcher = fileURLToPath(new URL('../../../bin/frostbyte.js', import.meta.url))

interface Started {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
  /** What it made that other users of the machine can get at. */
  readonly exposed: readonly string[]
}

/** Runs a master until it has started or ended. */
async function runMaster(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Started> {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'frostbyte-access-'))
  const ports = ['--rest-port', '0', '--s3-port', '0', '--internal-port', '0', '--observe-port', '0']
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('FROSTBYTE_'))
  const child = spawn(process.execPath, [launcher, 'master', '--data', directory.path, ...ports, ...args], {
    env: { ...Object.fromEntries(inherited), ...variables },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let [stdout, stderr] = ['', '']
  const { stdout: output, stderr: errors } = child
  output?.on('data', (bytes: Buffer) => {
    stdout += bytes.toString()
  })
  errors?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString()
  })
  child.on('message', (message) => {
    if (parseChildMessage(message)?.kind === 'ready') child.kill('SIGTERM')
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  return { stdout, stderr, code, exposed: await exposedIn(directory.path) }
}

async function exposedIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory, { recursive: true })
  const modes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).mode))
  return names.filter((_, index) => ((modes[index] ?? 0) & 0o077) !== 0)
}

test('what a master stores is for the eyes of its owner only', async () => {
  const { code, stderr, exposed } = await runMaster([])
  assert.equal(code, 0, stderr)
  assert.deepEqual(exposed, [])
})

test('a master at 0.0.0.0 without credentials refuses to start, and says how it would', async () => {
  const { code, stderr, stdout } = await runMaster(['--host', '0.0.0.0'])
  assert.equal(code, 2, stderr)
  assert.match(stderr, /would serve 0\.0\.0\.0, and there is no administrator/)
  assert.match(stderr, /FROSTBYTE_ROOT_USER.*--open-access/)
  assert.doesNotMatch(stderr, /has started/)
  assert.equal(stdout, '')
})

test('a master on loopback prints its first administrator on standard output, and not in its log', async () => {
  const { code, stdout, stderr } = await runMaster(['--log-level', 'debug'])
  assert.equal(code, 0, stderr)
  const [, password = ''] = /with the password ([A-Z2-7]{24}) /.exec(stdout) ?? []
  assert.equal(password.length, 24, stdout)
  assert.ok(!stderr.includes(password))
})

test('a configured password is in no output', async () => {
  const variables = { FROSTBYTE_ROOT_USER: 'root', FROSTBYTE_ROOT_PASSWORD: 'p4ssw0rd-of-the-test' }
  const { code, stdout, stderr } = await runMaster(['--log-level', 'debug', '--require-users'], variables)
  assert.equal(code, 0, stderr)
  assert.ok(!`${stdout}${stderr}`.includes('p4ssw0rd'))
})
