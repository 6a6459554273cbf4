// The first minutes of a user, with real processes: `npm start`, the curl lines of the README as they stand there, the commands of the
// command line, Ctrl-C, and a second start that finds everything again.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { defined } from '../../src/base/assert.ts'
import { FileClient, seededBytes, seededSha256 } from '../harness/file-client.ts'
import { NpmStart, processesOf } from '../harness/npm-start.ts'

const readme = fileURLToPath(new URL('../../README.md', import.meta.url))
const launcher = fileURLToPath(new URL('../../bin/frostbyte.js', import.meta.url))
const commandMaxMs = 60_000

describe('the quick start', () => {
  let parent: string
  let folder: string
  let cluster: NpmStart

  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'frostbyte-cli-'))
    folder = join(parent, 'here')
    await mkdir(folder)
    cluster = await NpmStart.start(join(parent, 'data'))
  })

  after(async () => {
    await cluster.remove()
    await rm(parent, { recursive: true, force: true, maxRetries: 5 })
  })

  async function frostbyte(...args: readonly string[]): Promise<Ended> {
    return await run(process.execPath, [launcher, ...args], folder)
  }

  /** Must succeed; what it printed. */
  async function printed(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await frostbyte(...args, '--url', cluster.url)
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
    return stdout.toString('utf8')
  }

  test('the lines of the README do what stands there', async () => {
    const outputs = new Map<string, string>()
    for (const line of await quickStartLines()) {
      const here = line.replaceAll('http://127.0.0.1:8080', cluster.url)
      const { code, stdout, stderr } = await run(
        'bash',
        ['-c', here.replaceAll('curl ', 'curl --fail-with-body -sS ')],
        folder,
      )
      assert.equal(code, 0, `${here}: ${stdout.toString()} ${stderr}`)
      outputs.set(line, stdout.toString('utf8'))
    }
    const outputOf = (part: RegExp): string =>
      defined(
        [...outputs].find(([line]) => part.test(line)),
        `a line with ${part.source}`,
      )[1]
    const stored = JSON.parse(outputOf(/\/upload/)) as { filename: string; size: number; etag: string; version: string }
    assert.deepEqual([stored.filename, stored.size], ['hello.txt', 6])
    assert.deepEqual(JSON.parse(outputOf(/\/files'/)), ['hello.txt'])
    const [details] = JSON.parse(outputOf(/details=true/)) as readonly { filename: string; etag: string }[]
    assert.deepEqual([details?.filename, details?.etag], ['hello.txt', stored.etag])
    assert.equal(outputOf(/^curl '[^']*\/download/), 'hello\n')
    assert.equal(outputOf(/Range/), 'hell')
    assert.equal((JSON.parse(outputOf(/layout/)) as { pieces: readonly unknown[] }).pieces.length, 3)
    assert.equal((JSON.parse(outputOf(/DELETE/)) as { filename: string }).filename, 'hello.txt')
    assert.deepEqual(await new FileClient(cluster.url).names(), [])
  })

  test('put, ls, stat, get and rm', async () => {
    await writeFile(join(folder, 'small.txt'), 'small\n')
    await writeFile(join(folder, 'large.bin'), seededBytes(5, 7_000_000))
    await printed('put', 'small.txt', 'large.bin', '--prefix', 'dir/')
    assert.equal(await printed('ls'), 'dir/large.bin\ndir/small.txt\n')
    assert.equal(await printed('ls', 'dir/s'), 'dir/small.txt\n')
    const listed = JSON.parse(await printed('ls', '--json')) as readonly { filename: string; size: number }[]
    assert.deepEqual(
      listed.map(({ filename, size }) => [filename, size]),
      [
        ['dir/large.bin', 7_000_000],
        ['dir/small.txt', 6],
      ],
    )
    const stat = JSON.parse(await printed('stat', 'dir/large.bin', '--json')) as { size: number; crc32: string }
    assert.equal(stat.size, 7_000_000)
    assert.match(stat.crc32, /^[0-9a-f]{8}$/)
    await printed('get', 'dir/large.bin', 'copy.bin', '--verify')
    assert.deepEqual(new Uint8Array(await readFile(join(folder, 'copy.bin'))), seededBytes(5, 7_000_000))
    assert.equal(await printed('get', 'dir/small.txt', '-'), 'small\n')
    assert.equal(await printed('get', 'dir/small.txt', '-', '--range', '1-3'), 'mal')
    await printed('rm', 'dir/small.txt')
    assert.equal(await printed('ls'), 'dir/large.bin\n')
  })

  test('put from standard input, and what is not there', async () => {
    const ended = await run(
      process.execPath,
      [launcher, 'put', '-', '--name', 'piped', '--url', cluster.url],
      folder,
      'from a pipe',
    )
    assert.equal(ended.code, 0, ended.stderr)
    assert.equal(await printed('get', 'piped', '-'), 'from a pipe')
    const missing = await frostbyte('get', 'nowhere', '-', '--url', cluster.url, '--json')
    assert.equal(missing.code, 3)
    assert.equal((JSON.parse(missing.stderr) as { error: { code: string } }).error.code, 'file-not-found')
    assert.equal(missing.stdout.length, 0)
  })

  test('status shows five workers that are up', async () => {
    const status = JSON.parse(await printed('status', '--json')) as {
      workers: readonly { id: string; state: string; usedBytes: number; capacityBytes: number }[]
      groups: readonly unknown[]
      redundancy: object
    }
    assert.deepEqual(
      status.workers.map(({ state }) => state),
      ['up', 'up', 'up', 'up', 'up'],
    )
    assert.ok(status.workers.every(({ usedBytes, capacityBytes }) => usedBytes > 0 && usedBytes <= capacityBytes))
    assert.ok(status.groups.length > 0)
    assert.match(await printed('status'), /5 of 5 workers up/)
  })

  test('Ctrl-C stops everything, and the next start finds the files', async () => {
    assert.ok((await processesOf(cluster.directory)).length >= 7)
    await cluster.interrupt()
    const refused = await frostbyte('ls', '--url', cluster.url, '--attempts', '1')
    assert.equal(refused.code, 5)
    cluster = await NpmStart.start(cluster.directory)
    assert.equal(await printed('ls'), 'dir/large.bin\npiped\n')
    assert.equal(await new FileClient(cluster.url).sha256('dir/large.bin'), seededSha256(5, 7_000_000))
    await cluster.interrupt()
  })

  test('Ctrl-C while a file is uploaded stores nothing of it', async () => {
    cluster = await NpmStart.start(cluster.directory)
    const child = spawn(process.execPath, [launcher, 'put', '-', '--name', 'cut', '--url', cluster.url], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const exited = once(child, 'exit')
    child.stdin.on('error', () => undefined)
    for (let slice = 0; slice < 10; slice++) {
      if (!child.stdin.write(seededBytes(slice + 1, 1_000_000))) await once(child.stdin, 'drain')
    }
    child.kill('SIGINT')
    assert.deepEqual(await exited, [130, null])
    assert.ok(!(await new FileClient(cluster.url).names()).includes('cut'))
    await cluster.interrupt()
  })
})

/** Of the README's second block of shell lines: those that are commands. */
async function quickStartLines(): Promise<readonly string[]> {
  const text = await readFile(readme, 'utf8')
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => defined(match[1], 'block'))
  const block = defined(
    blocks.find((lines) => lines.includes('curl')),
    'a block of curl lines in the README',
  )
  return block.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

interface Ended {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

async function run(command: string, args: readonly string[], folder: string, input = ''): Promise<Ended> {
  return await new Promise((resolve, reject) => {
    const options = { cwd: folder, encoding: 'buffer', timeout: commandMaxMs, maxBuffer: 64 * 1024 * 1024 } as const
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number')
        reject(new Error(`${command} did not end by itself`, { cause: error }))
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr: stderr.toString('utf8') })
    })
    // It may end without reading any of it.
    child.stdin?.on('error', () => undefined).end(input)
  })
}
