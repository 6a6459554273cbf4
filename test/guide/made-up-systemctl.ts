// `systemctl` of a machine that is made up:  made-up-systemctl.ts FOLDER VERB [--now] UNIT…
// Starts what a unit's ExecStart says, as this user, and stops it as systemd does: SIGTERM, then waiting for the end.

import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { basename, join } from 'node:path'

import { readEnvironmentFile } from '../harness/systemd-units.ts'

const [folder = '', verb = '', ...words] = process.argv.slice(2)
const units = words.filter((word) => !word.startsWith('-'))
const endMaxMs = 30_000

function pidFile(unit: string): string {
  return join(folder, 'run', `${unit}.pid`)
}

async function start(unit: string): Promise<void> {
  const [name = '', instance = ''] = unit.split('@')
  const file = instance === '' ? `${name}.service` : `${name}@.service`
  const text = await readFile(join(folder, 'etc/systemd/system', file), 'utf8')
  const setting = (key: string): string | undefined =>
    new RegExp(`^${key}=-?(.*)$`, 'm').exec(text)?.[1]?.replaceAll('%i', instance)
  const [program = '', ...args] = (setting('ExecStart') ?? '').split(' ')
  const environment = setting('EnvironmentFile')
  const variables = environment === undefined ? {} : await readEnvironmentFile(environment)
  const log = openSync(join(folder, 'log', `${unit}.log`), 'a')
  // As systemd does: only what the unit says is in the environment.
  const env = { PATH: process.env['PATH'] ?? '', ...variables }
  const child = spawn(basename(program), args, { cwd: '/', env, detached: true, stdio: ['ignore', log, log] })
  await writeFile(pidFile(unit), `${child.pid}\n`)
  child.unref()
}

async function stop(unit: string): Promise<void> {
  const pid = Number(await readFile(pidFile(unit), 'utf8').catch(() => '0'))
  if (pid > 0) {
    send(pid, 'SIGTERM')
    for (let waited = 0; send(pid, 0); waited += 50) {
      if (waited > endMaxMs) throw new Error(`${unit} does not end`)
      await sleep(50)
    }
  }
  await rm(pidFile(unit), { force: true })
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}

for (const unit of units) {
  if (['stop', 'restart', 'disable'].includes(verb)) await stop(unit)
  if (['start', 'restart', 'enable'].includes(verb)) await start(unit)
}
