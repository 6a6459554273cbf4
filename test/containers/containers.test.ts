// The compose files, with real containers: images are built, files go in and come out, containers are killed and started again. Base
// images that no registry gives here are built by `docker/base-images` in FROSTBYTE_SHARED, or in `shared` beside the repository,
// where it is there.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'

import { untilWhole } from '../harness/cluster-status.ts'
import { eventually } from '../harness/eventually.ts'
import { missing, runProgram } from '../harness/programs.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const baseImages = join(process.env['FROSTBYTE_SHARED'] ?? join(root, '../shared'), 'docker/base-images')
const skip = existsSync(baseImages) ? false : missing('docker', ['info'])
const url = 'http://127.0.0.1:8080'
const commandMaxMs = 600_000
const saidMax = 4_000

/** One project of docker-compose, from files of the repository. */
class Compose {
  readonly #args: readonly string[]

  constructor(project: string, files: readonly string[]) {
    this.#args = ['-p', project, '--project-directory', root, ...files.flatMap((file) => ['-f', join(root, file)])]
  }

  async run(...args: readonly string[]): Promise<string> {
    const options = { cwd: root, timeout: commandMaxMs, maxBuffer: 64 * 1024 * 1024 }
    try {
      return (await run('docker-compose', [...this.#args, ...args], options)).stdout
    } catch (error) {
      // The error has all that the command said, also of building images.
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
      throw new Error(`docker-compose ${args.join(' ')}: ${said.slice(-saidMax)}`)
    }
  }

  /** All containers run and the cluster takes files. */
  async up(): Promise<void> {
    try {
      await this.run('up', '--build', '--detach')
      await whenReady()
    } catch (error) {
      const logs = await this.run('logs', '--tail', '20')
      await this.remove()
      throw new Error(`${String(error)}\n${logs.slice(-saidMax)}`, { cause: error })
    }
  }

  /** How the service's container has ended. */
  async exitCode(service: string): Promise<number> {
    const id = (await this.run('ps', '-q', service)).trim()
    const { stdout } = await run('docker', ['inspect', '--format', '{{.State.ExitCode}}', id])
    return Number(stdout)
  }

  /** With everything that it stored. */
  async remove(): Promise<void> {
    await this.run('down', '--volumes', '--timeout', '10')
  }
}

async function prepare(): Promise<void> {
  if (existsSync(baseImages)) await run(baseImages, ['node:26-bookworm-slim', 'mongo:8'], { timeout: commandMaxMs })
}

async function whenReady(): Promise<void> {
  await eventually('the cluster takes files', 180_000, async () => {
    const response = await fetch(`${url}/readyz`)
    const { canWrite } = (await response.json()) as { readonly canWrite?: boolean }
    return canWrite === true ? true : undefined
  })
}

async function put(name: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await fetch(`${url}/upload?filename=${name}`, { method: 'PUT', body })
  assert.equal(response.status, 201, await response.text())
}

async function get(name: string): Promise<Uint8Array> {
  const response = await fetch(`${url}/download/${name}`)
  assert.equal(response.status, 200)
  return await response.bytes()
}

/** Several blocks of bytes that differ by name. */
function bytesOf(name: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 * 1024 * 1024 + 321)
  let state = Buffer.from(name).reduce((sum, letter) => sum * 31 + letter, 7) >>> 0
  for (let index = 0; index < bytes.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[index] = state >>> 24
  }
  return bytes
}

describe('docker-compose up --build', { skip }, () => {
  const compose = new Compose('frostbyte-test', ['docker-compose.yml'])

  before(async () => {
    await prepare()
    await compose.up()
  })
  after(async () => await compose.remove())

  test('serves the lines of the README', async () => {
    const curl = async (...args: readonly string[]): Promise<string> => {
      const { status, stdout, stderr } = await runProgram('curl', ['-fsS', ...args], { input: 'hello\n' })
      assert.equal(status, 0, stderr)
      return stdout
    }
    await curl('-X', 'POST', '--data-binary', '@-', `${url}/upload?filename=hello.txt`)
    assert.deepEqual(JSON.parse(await curl(`${url}/files`)), ['hello.txt'])
    assert.equal(await curl(`${url}/download/hello.txt`), 'hello\n')
    assert.equal(await curl('-H', 'Range: bytes=0-3', `${url}/download/hello.txt`), 'hell')
    assert.match(await curl(`${url}/api/v1/layout?filename=hello.txt`), /"chunks"/)
    await curl('-X', 'DELETE', `${url}/delete?filename=hello.txt`)
    assert.deepEqual(JSON.parse(await curl(`${url}/files`)), [])
  })

  test(
    'gives profiles of the master and of a worker to go tool pprof',
    { skip: missing('go', ['version']) },
    async () => {
      for (const port of [6060, 6061]) {
        const profile = `http://localhost:${port}/debug/pprof/heap`
        const { status, stdout, stderr } = await runProgram('go', ['tool', 'pprof', '-top', profile])
        assert.equal(status, 0, stderr)
        assert.match(stdout, /flat%/)
      }
    },
  )

  test('runs nobody as root, with nothing that builds, on a root file system that cannot be written to', async () => {
    for (const service of ['master', 'worker-1']) {
      const exec = async (...args: readonly string[]): Promise<string> =>
        await compose.run('exec', '-T', service, ...args)
      assert.equal((await exec('id', '-u')).trim(), '1000')
      await assert.rejects(exec('touch', '/app/written'))
      await assert.rejects(exec('npm', '--version'))
    }
  })

  test('goes on reading and writing when two workers are killed, and is whole again when they are back', async () => {
    await put('before', bytesOf('before'))
    await compose.run('kill', 'worker-2', 'worker-4')
    assert.deepEqual(await get('before'), bytesOf('before'))
    await put('meanwhile', bytesOf('meanwhile'))
    assert.deepEqual(await get('meanwhile'), bytesOf('meanwhile'))
    await compose.run('start', 'worker-2', 'worker-4')
    await untilWhole(url, 180_000)
  })

  test('stops at SIGTERM by itself, and finds the files when it is up again', async () => {
    await compose.run('stop', '--timeout', '30', 'worker-1', 'master')
    for (const service of ['worker-1', 'master']) assert.equal(await compose.exitCode(service), 0, service)
    await compose.run('down', '--timeout', '30')
    await compose.run('up', '--detach')
    await whenReady()
    for (const name of ['before', 'meanwhile']) assert.deepEqual(await get(name), bytesOf(name))
  })
})

describe('three masters behind a proxy', { skip }, () => {
  const compose = new Compose('frostbyte-test-cluster', [
    'docker-compose.cluster.yml',
    'test/containers/one-member.yml',
  ])

  before(async () => {
    await prepare()
    await compose.up()
  })
  after(async () => await compose.remove())

  test('serve as one, also when one of them is killed', async () => {
    await put('through-the-proxy', bytesOf('through-the-proxy'))
    // Each goes to the next master.
    for (let round = 0; round < 6; round++)
      assert.deepEqual(await get('through-the-proxy'), bytesOf('through-the-proxy'))
    await compose.run('kill', 'master-1')
    for (let round = 0; round < 6; round++) {
      assert.deepEqual(await get('through-the-proxy'), bytesOf('through-the-proxy'))
      await put(`after-${round}`, bytesOf(`after-${round}`))
      assert.deepEqual(await get(`after-${round}`), bytesOf(`after-${round}`))
    }
    await compose.run('start', 'master-1')
  })

  test('is a file that docker-compose understands as it stands', async () => {
    const services = await new Compose('frostbyte-test-config', ['docker-compose.cluster.yml']).run(
      'config',
      '--services',
    )
    assert.equal(services.trim().split('\n').length, 12)
  })
})
