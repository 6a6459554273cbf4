// The clients that come from PyPI, at the versions of requirements.txt, in a virtual environment that is made once for these versions.
// It is made under a name of its own and then linked, so that two test files that want it at the same time do not disturb each other.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'

import { runProgram } from '../../harness/programs.ts'

const requirements = join(import.meta.dirname, '../requirements.txt')
const cache = join(import.meta.dirname, '../../../node_modules/.cache/s3-clients')

/** Why they cannot be had, or false. Where everything is run, the attempt is made and fails with what pip says. */
export function withoutPython(): string | false {
  if (process.env['CI'] !== undefined || existsSync(linkPath())) return false
  if (spawnSync('python3', ['-c', 'import venv, ensurepip']).status !== 0)
    return 'python3 with its venv is not on this machine'
  return process.env['FROSTBYTE_TEST_S3_CLIENTS'] === undefined
    ? 'clients from PyPI are installed only where CI or FROSTBYTE_TEST_S3_CLIENTS is set'
    : false
}

/** @returns the folder of the programs. */
export async function installPythonClients(): Promise<string> {
  const link = linkPath()
  if (!existsSync(link)) await install(link)
  return join(link, 'bin')
}

async function install(link: string): Promise<void> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(`${link}-`)
  await must('python3', ['-m', 'venv', folder])
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '-r', requirements]
  await must(join(folder, 'bin/python'), pip)
  try {
    await symlink(basename(folder), link)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    if (!existsSync(link)) throw error
  }
}

function linkPath(): string {
  return join(cache, `python-${createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)}`)
}

async function must(name: string, args: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await runProgram(name, args)
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${stdout.slice(-1000)}${stderr.slice(-3000)}`)
}
