// A machine as a guide finds it, in a temporary folder: `/etc/frostbyte`, `/var/lib/frostbyte` and systemd's folder lie below it, ports
// have a digit in front (8080 becomes 18080), and `sudo`, `install`, `systemctl`, `journalctl`, `useradd` and `npm` are small stand-ins.
// Everything else is real: one bash for the whole guide, the `frostbyte` command, and the nodes that it or the units start.

import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { eventually } from '../harness/eventually.ts'
import type { GuideBlock } from '../harness/guide-blocks.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const blockMaxMs = 90_000
const readyMaxMs = 60_000
const endMaxMs = 30_000
const printedMax = 20_000
const usedPorts = [8080, 8090, 9000, 7000, 7001, 7002, 7003, 7004, 7005, 6060, 6061, 6062, 6063, 6064, 6065]

export class MadeUpMachine {
  readonly directory: string
  readonly #digit: string
  readonly #bash: ChildProcessWithoutNullStreams
  #printed = ''
  #blocks = 0

  private constructor(directory: string, digit: string) {
    this.directory = directory
    this.#digit = digit
    const env = {
      PATH: `${directory}/bin:${process.env['PATH'] ?? ''}`,
      HOME: directory,
      LANG: 'C.UTF-8',
      FROSTBYTE_LOG_LEVEL: 'warn',
      ...this.#ports(),
    }
    this.#bash = spawn('bash', ['--noprofile', '--norc'], { cwd: join(directory, 'clone'), env, detached: true })
    for (const stream of [this.#bash.stdout, this.#bash.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#printed = (this.#printed + text).slice(-printedMax)
      })
    }
  }

  static async make(): Promise<MadeUpMachine> {
    const directory = await mkdtemp(join(tmpdir(), 'frostbyte-guide-'))
    const digit = await takeDigit()
    for (const folder of ['bin', 'clone', 'etc/systemd/system', 'var/lib/frostbyte', 'run', 'log'])
      await mkdir(join(directory, folder), { recursive: true })
    const machine = new MadeUpMachine(directory, digit)
    await cp(join(repository, 'deploy/systemd'), join(directory, 'clone/deploy/systemd'), { recursive: true })
    await machine.#mapFiles(join(directory, 'clone/deploy'))
    for (const [name, text] of Object.entries(standIns(directory)))
      await writeFile(join(directory, 'bin', name), text, { mode: 0o755 })
    return machine
  }

  /** What the block printed. @throws that, where one of its commands fails or does not end in time. */
  async run({ guide, line, use, text }: GuideBlock): Promise<string> {
    const mapped = this.#map(text)
    const lines = mapped.replaceAll('\\\n', ' ').split('\n')
    const last = use === 'background' ? lines.pop() : undefined
    const said = await this.#source(`${guide}:${line}`, lines.join('\n'))
    if (last === undefined) return said
    const log = join(this.directory, 'log', `${this.#blocks}.log`)
    await this.#source(`${guide}:${line}`, `${last} > ${log} 2>&1 &`)
    await eventually(`"FrostByte is ready" of ${guide}:${line}`, readyMaxMs, async () => {
      const printed = await readFile(log, 'utf8')
      if (printed.includes('FrostByte is ready')) return true
      throw new Error(printed.slice(-2000))
    })
    return said
  }

  /** Ends everything that was started. */
  async remove(): Promise<void> {
    const { pid } = this.#bash
    // What the shell has started is in its group; what systemctl has, in groups of its own.
    if (pid !== undefined) endProcess(-pid, 'SIGTERM')
    for (const unit of await processesBelow(this.directory)) endProcess(unit, 'SIGTERM')
    await eventually('the end of all nodes', endMaxMs, async () => {
      const left = await processesBelow(this.directory)
      if (left.length > 0) throw new Error(`processes ${left.join(', ')} are left`)
      return true
    }).catch(async (error: unknown) => {
      for (const left of await processesBelow(this.directory)) endProcess(left, 'SIGKILL')
      throw error
    })
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 })
    takenDigits.delete(this.#digit)
  }

  /** In the one shell, so that what it exports stays. A command that fails, but as a condition, fails the block. */
  async #source(where: string, text: string): Promise<string> {
    const number = ++this.#blocks
    const file = join(this.directory, 'run', `.block-${number}.sh`)
    await writeFile(file, `${text}\n`)
    this.#printed = ''
    const mark = `@@${number}`
    this.#bash.stdin.write(
      `failed=; set -E -o pipefail; trap 'failed=1' ERR; . ${file}; trap - ERR; echo; echo "${mark} \${failed:-0}"\n`,
    )
    const failed = await eventually(`the end of ${where}`, blockMaxMs, () => {
      const end = new RegExp(`^${mark} (\\d)$`, 'm').exec(this.#printed)?.[1]
      if (end === undefined) throw new Error(this.#printed.slice(-2000))
      return end
    })
    if (failed !== '0') throw new Error(`${where} failed:\n${text}\n--- printed:\n${this.#printed}`)
    return this.#printed
  }

  /** Ports after a digit; paths below the folder. */
  #map(text: string): string {
    return text
      .replaceAll(/(?<![\d.$])(8080|8090|9000|70\d\d|60[67]\d)(?!\d)/g, `${this.#digit}$1`)
      .replaceAll(/(?<![\d.$])(700|606)(?=\$)/g, `${this.#digit}$1`)
      .replaceAll(/(?<![\w.])\/(etc\/frostbyte|etc\/systemd|var\/lib\/frostbyte)/g, `${this.directory}/$1`)
  }

  async #mapFiles(folder: string): Promise<void> {
    for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      await writeFile(path, this.#map(await readFile(path, 'utf8')))
    }
  }

  /** What `frostbyte up` and the clients take instead of their defaults; a unit's file says it itself. */
  #ports(): Readonly<Record<string, string>> {
    const port = (usual: number): string => `${this.#digit}${usual}`
    return {
      FROSTBYTE_URL: `http://127.0.0.1:${port(8080)}`,
      FROSTBYTE_REST_PORT: port(8080),
      FROSTBYTE_S3_PORT: port(9000),
      FROSTBYTE_INTERNAL_PORT: port(7000),
      FROSTBYTE_FIRST_WORKER_PORT: port(7001),
      FROSTBYTE_OBSERVE_PORT: port(6060),
    }
  }
}

function standIns(directory: string): Readonly<Record<string, string>> {
  const node = process.execPath
  const launcher = join(repository, 'bin/frostbyte.js')
  const systemctl = join(import.meta.dirname, 'made-up-systemctl.ts')
  return {
    frostbyte: `#!/bin/sh\nexec ${node} ${launcher} "$@"\n`,
    // Who one is does not matter below the folder.
    sudo: '#!/bin/sh\n[ "$1" = -u ] && shift 2\nexec "$@"\n',
    // Without a group or an owner.
    install: [
      '#!/bin/sh',
      'for word; do shift; case "$word" in -g|-o) skip=1;; *) [ "$skip" ] || set -- "$@" "$word"; skip=;; esac; done',
      'exec /usr/bin/install "$@"',
      '',
    ].join('\n'),
    useradd: '#!/bin/sh\nexit 0\n',
    systemctl: `#!/bin/sh\nexec ${node} ${systemctl} ${directory} "$@"\n`,
    journalctl: `#!/bin/sh\n[ "$1" = -u ] && exec tail -n 20 ${directory}/log/$2.log\n`,
    // The packages are there already; npm knows its folder, and files stay where the guide is.
    npm: `#!/bin/sh\n[ "$1" = ci ] && exit 0\nFROSTBYTE_DATA="$PWD/frostbyte-data" exec ${npmPath()} --prefix ${repository} "$@"\n`,
  }
}

function npmPath(): string {
  const folders = (process.env['PATH'] ?? '').split(':').filter((folder) => !folder.includes('node_modules'))
  return `env PATH=${[...folders].join(':')} npm`
}

/** Of machines that are there now. */
const takenDigits = new Set<string>()

/** So that all ports with it in front are free. */
async function takeDigit(): Promise<string> {
  for (const digit of ['1', '2', '3', '4', '5']) {
    if (takenDigits.has(digit)) continue
    takenDigits.add(digit)
    const free = await Promise.all(usedPorts.map(async (port) => await isFree(Number(`${digit}${port}`))))
    if (free.every(Boolean)) return digit
    takenDigits.delete(digit)
  }
  throw new Error('other programs have the ports of all digits')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

async function processesBelow(directory: string): Promise<readonly number[]> {
  const pids: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const line = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')
    if (line.includes(`${directory}/`)) pids.push(Number(entry))
  }
  return pids
}

function endProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}
