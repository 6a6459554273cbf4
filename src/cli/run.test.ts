import assert from 'node:assert/strict'
import { mkdir, mkdtempDisposable, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { healthyCluster } from '../sdk/testing/cluster-json.ts'
import { FakeRest, problem, rebuildState } from '../sdk/testing/fake-rest.ts'
import type { ServerHandlers } from './commands/serve.ts'
import { runCli } from './run.ts'
import { FakeEnvironment } from './testing/fake-environment.ts'

const content = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) & 0xff)

const clientCommands = ['put', 'get', 'ls', 'rm', 'stat', 'status', 'drain', 'repair', 'scrub', 'verify', 'bench']

const noServers: ServerHandlers = {
  up: async () => assert.fail('up was called'),
  master: async () => assert.fail('master was called'),
  worker: async () => assert.fail('worker was called'),
  migrate: async () => assert.fail('migrate was called'),
}

async function run(environment: FakeEnvironment, ...args: readonly string[]): Promise<number> {
  return runCli(args, { handlers: noServers, version: '1.2.3', environment })
}

async function makeDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  return mkdtempDisposable(join(tmpdir(), 'frostbyte-cli-'))
}

async function* slicesOf(...slices: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* slices
}

describe('put', () => {
  test('stores files under the last part of their path, and says so', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    await writeFile(join(directory.path, 'a.txt'), 'x')
    await writeFile(join(directory.path, 'b.bin'), content)
    const world = new FakeEnvironment({ url: server.url, directory: directory.path })
    assert.equal(await run(world, 'put', 'a.txt', join(directory.path, 'b.bin')), 0)
    assert.deepEqual(world.stdout.text.split('\n').toSorted(), ['', 'stored a.txt (1 B)', 'stored b.bin (293 KiB)'])
    assert.deepEqual(Buffer.from(server.bytesOf('b.bin') ?? []), Buffer.from(content))
    assert.equal(world.stderr.text, '')
  })

  test('takes a name, a prefix, a bucket and a type', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    server.buckets.set('photos', new Map())
    await writeFile(join(directory.path, 'a'), 'x')
    const world = new FakeEnvironment({ url: server.url, directory: directory.path })
    const flags = [
      '--name',
      'z',
      '--prefix',
      '2026/',
      '--bucket',
      'photos',
      '--content-type',
      'image/png',
      '--json',
      '--verify',
    ]
    assert.equal(await run(world, 'put', 'a', ...flags), 0)
    assert.ok(server.bytesOf('2026/z', 'photos'))
    assert.equal(server.requests[0]?.headers['content-type'], 'image/png')
    const { version, ...rest } = JSON.parse(world.stdout.text) as Record<string, unknown>
    assert.deepEqual(rest, { filename: '2026/z', size: 1, etag: version })
  })

  test('stores what lies below a directory, with the path in the names', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    await mkdir(join(directory.path, 'site', 'deep'), { recursive: true })
    await writeFile(join(directory.path, 'site', 'index.html'), 'i')
    await writeFile(join(directory.path, 'site', 'deep', 'x'), 'x')
    await symlink('../index.html', join(directory.path, 'site', 'deep', 'link'))
    await symlink('..', join(directory.path, 'site', 'deep', 'loop'))
    const world = new FakeEnvironment({ url: server.url, directory: directory.path })
    assert.equal(await run(world, 'put', '-r', 'site/', '--prefix', 'www/'), 0)
    const names = [...(server.buckets.get('default')?.keys() ?? [])].toSorted()
    assert.deepEqual(names, ['www/site/deep/link', 'www/site/deep/x', 'www/site/index.html'])
  })

  test('stores what comes from standard input', async () => {
    await using server = await FakeRest.start()
    const world = new FakeEnvironment({ url: server.url, stdin: slicesOf(content, content) })
    assert.equal(await run(world, 'put', '-', '--name', 'piped'), 0)
    assert.equal(server.bytesOf('piped')?.length, 600_000)
  })

  test('refuses a wrong command line before anything is stored', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    await mkdir(join(directory.path, 'd'))
    await writeFile(join(directory.path, 'a'), 'x')
    await writeFile(join(directory.path, 'd', 'a'), 'x')
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['a', 'none'], /"none" cannot be read: there is no such file/],
      [['a', 'd'], /"d" is a directory\. Use --recursive/],
      [['a', 'd/a'], /would both be stored as "a"/],
      [['a', 'd/a', '--name', 'x'], /--name is for one file/],
      [['-r', 'd', '--name', 'x'], /--name is for a file, not a directory/],
      [['-'], /has no name/],
      [['a', '--parallel', '65'], /--parallel: "65"/],
      [['a', '--if-absent', '--if-version', 'v'], /exclude each other/],
      [[], /missing required argument/],
    ]
    for (const [args, message] of cases) {
      const world = new FakeEnvironment({ url: server.url, directory: directory.path })
      assert.equal(await run(world, 'put', ...args), 2, args.join(' '))
      assert.match(world.stderr.text, message)
    }
    assert.equal(server.requests.length, 0)
  })

  test('goes on with the rest where one file fails, and ends with that failure', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    for (const name of ['a', 'b', 'c']) await writeFile(join(directory.path, name), name)
    server.store('b', 'old')
    const world = new FakeEnvironment({ url: server.url, directory: directory.path })
    assert.equal(await run(world, 'put', 'a', 'b', 'c', '--if-absent'), 4)
    assert.equal(Buffer.from(server.bytesOf('b') ?? []).toString(), 'old')
    assert.ok(server.bytesOf('c'))
    assert.match(world.stderr.text, /^frostbyte: The condition of the request does not hold\..*\n$/)
  })
})

describe('get', () => {
  test('writes the file under the last part of its name', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    server.store('x/y.bin', content)
    const world = new FakeEnvironment({ url: server.url, directory: directory.path })
    assert.equal(await run(world, 'get', 'x/y.bin', '--verify'), 0)
    assert.ok((await readFile(join(directory.path, 'y.bin'))).equals(content))
    assert.equal(world.stdout.text, `wrote ${join(directory.path, 'y.bin')} (293 KiB)\n`)
  })

  test('writes to a file or into a directory that is named', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    await mkdir(join(directory.path, 'd'))
    server.store('a', content)
    const world = new FakeEnvironment({ url: server.url, directory: directory.path })
    assert.equal(await run(world, 'get', 'a', 'd'), 0)
    assert.equal(await run(world, 'get', 'a', 'b', '--json'), 0)
    assert.deepEqual(await readdir(directory.path), ['b', 'd'])
    assert.deepEqual(await readdir(join(directory.path, 'd')), ['a'])
  })

  test('writes the bytes, and nothing else, to standard output', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'get', 'a', '-'), 0)
    assert.ok(world.stdout.bytes.equals(content))
  })

  test('takes ranges', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    for (const [range, from, to] of [
      ['0-0', 0, 1],
      ['299999-', 299_999, 300_000],
      ['-5', 299_995, 300_000],
      ['5-9', 5, 10],
    ] as const) {
      const world = new FakeEnvironment({ url: server.url })
      assert.equal(await run(world, 'get', 'a', '-', '--range', range), 0)
      assert.ok(world.stdout.bytes.equals(content.subarray(from, to)), range)
    }
    for (const range of ['5', '9-5', 'a-b', '-', '0-1,3-4']) {
      assert.equal(await run(new FakeEnvironment({ url: server.url }), 'get', 'a', '-', '--range', range), 2, range)
    }
    assert.equal(await run(new FakeEnvironment({ url: server.url }), 'get', 'a', '-', '--range', '300000-'), 1)
  })

  test('never writes outside the directory because of a name', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    for (const name of ['a/..', '..', 'a/.', 'a/', 'x\ny', 'a\\b']) {
      server.store(name, 'x')
      const world = new FakeEnvironment({ url: server.url, directory: directory.path })
      assert.equal(await run(world, 'get', name), 2, name)
      assert.match(world.stderr.text, /Name the target too/)
    }
    assert.deepEqual(await readdir(directory.path), [])
  })

  test('leaves nothing where there is no such file, or where it breaks off', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    const world = new FakeEnvironment({
      url: server.url,
      directory: directory.path,
      variables: { FROSTBYTE_ATTEMPTS: '1' },
    })
    assert.equal(await run(world, 'get', 'none'), 3)
    server.store('a', content)
    server.intercept = (_seen, _request, response) => {
      response.writeHead(200, { 'content-length': content.length, 'etag': '"e"' })
      response.write(content.subarray(0, 1000), () => setImmediate(() => response.destroy()))
      return true
    }
    assert.equal(await run(world, 'get', 'a'), 5)
    assert.deepEqual(await readdir(directory.path), [])
  })
})

describe('ls', () => {
  test('lists names, all or below a prefix', async () => {
    await using server = await FakeRest.start()
    for (const name of ['b/2', 'a', 'b/1']) server.store(name, 'x')
    const world = new FakeEnvironment({ url: server.url })
    await run(world, 'ls')
    await run(world, 'ls', 'b/', '--limit', '1')
    await run(world, 'ls', '-0', '--after', 'a')
    assert.equal(world.stdout.text, 'a\nb/1\nb/2\nb/1\nb/1\0b/2\0')
  })

  test('shows sizes and times where asked', async () => {
    await using server = await FakeRest.start()
    server.store('a', new Uint8Array(20_480))
    const world = new FakeEnvironment({ url: server.url })
    await run(world, 'ls', '-l')
    assert.equal(world.stdout.text, ' 20.0 KiB  2026-01-01T00:00:00Z  a\n')
  })

  test('gives programs one JSON array, empty where there is nothing', async () => {
    await using server = await FakeRest.start()
    const empty = new FakeEnvironment({ url: server.url })
    await run(empty, 'ls', '--json')
    assert.deepEqual(JSON.parse(empty.stdout.text), [])
    const version = server.store('a\n', 'xyz')
    server.store('b', '')
    const world = new FakeEnvironment({ url: server.url })
    await run(world, 'ls', '--json')
    const [first, second] = JSON.parse(world.stdout.text) as readonly unknown[]
    assert.deepEqual(first, { filename: 'a\n', size: 3, etag: version, time: '2026-01-01T00:00:00.000Z' })
    assert.ok(second)
  })

  test('shows no control characters on a terminal, and names as they are elsewhere', async () => {
    await using server = await FakeRest.start()
    const name = 'a\u001b[31m\u202egnp.exe\nb'
    server.store(name, 'x')
    const terminal = new FakeEnvironment({ url: server.url, isTerminal: true })
    await run(terminal, 'ls')
    assert.equal(terminal.stdout.text, 'a\\x1b[31m\\u{202e}gnp.exe\\nb\n')
    const pipe = new FakeEnvironment({ url: server.url })
    await run(pipe, 'ls', '-0')
    assert.equal(pipe.stdout.text, `${name}\0`)
  })

  test('ends quietly where its reader went away', async () => {
    await using server = await FakeRest.start()
    server.store('a', 'x')
    const world = new FakeEnvironment({ url: server.url })
    world.stdout.isClosed = true
    assert.equal(await run(world, 'ls'), 0)
    assert.equal(world.stderr.text, '')
  })
})

describe('rm', () => {
  test('deletes files, and goes on past one that is not there', async () => {
    await using server = await FakeRest.start()
    for (const name of ['a', 'b']) server.store(name, 'x')
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'rm', 'a', 'none', 'b'), 3)
    assert.equal(world.stdout.text, 'deleted a\ndeleted b\n')
    assert.match(world.stderr.text, /There is no file "none"/)
    assert.equal(await run(world, 'rm', '--force', 'none'), 0)
  })
})

describe('stat', () => {
  test('tells what is known of a file', async () => {
    await using server = await FakeRest.start()
    server.store('a', '123456789')
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'stat', 'a'), 0)
    assert.match(world.stdout.text, /^name +a\nbucket +default\nsize +9 B \(9 bytes\)\n/)
    assert.match(world.stdout.text, /^crc32 +cbf43926$/m)
  })

  test('tells programs in JSON, with the layout of all pages', async () => {
    await using server = await FakeRest.start()
    server.store('a', new Uint8Array(10_240 * 1500))
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'stat', 'a', '--json', '--layout'), 0)
    const told = JSON.parse(world.stdout.text) as {
      readonly layout: { readonly pieces: readonly { readonly index: number }[] }
    }
    assert.deepEqual(
      told.layout.pieces.map(({ index }) => index),
      Array.from({ length: 1500 }, (_, index) => index),
    )
  })
})

describe('rebuild-metadata', () => {
  test('is what status asks for while the metadata is behind', async () => {
    await using server = await FakeRest.start()
    const [worker, ...others] = healthyCluster().workers
    assert.ok(worker !== undefined)
    server.cluster = () => ({
      ...healthyCluster(),
      behind: true,
      workers: [{ ...worker, asksToDelete: true }, ...others],
    })
    const world = new FakeEnvironment({ url: server.url })
    await run(world, 'status')
    assert.match(world.stdout.text, /Run: frostbyte rebuild-metadata/)
    assert.match(world.stdout.text, /POST \/api\/v1\/allow-orphans\?worker=00000000000000a1/)
  })

  const incomplete = [{ filename: 'half\u001b[2J', bucket: 'default', reason: 'Too few fragments.' }]

  test('starts a rebuild, waits for its end and tells what was found', async () => {
    await using server = await FakeRest.start()
    const end = {
      state: 'done',
      filesRecovered: 1234,
      filesIncomplete: 1,
      incomplete,
      workersMissing: ['00000000000000a1'],
    }
    server.rebuilds = [{ state: 'none' }, {}, { groups: 5, groupsDone: 2 }, end].map(rebuildState)
    const world = new FakeEnvironment({ url: server.url, isTerminal: true })
    assert.equal(await run(world, 'rebuild-metadata', '--merge', '--force'), 0)
    const posts = server.requests.filter(({ method }) => method === 'POST')
    assert.deepEqual(
      posts.map(({ query }) => [query.get('merge'), query.get('force')]),
      [['true', 'true']],
    )
    assert.match(world.stderr.text, /2 of 5 placement groups/)
    assert.match(world.stdout.text, /^Recovered 1,234 versions of files\.\n/)
    assert.ok(world.stdout.text.includes('default: half\\x1b[2J: Too few fragments.'))
    assert.match(world.stdout.text, /run it again with --merge/)
  })

  test('follows one that runs already, and is silent of what is settled', async () => {
    await using server = await FakeRest.start()
    server.rebuilds = [{ groups: 1 }, { state: 'done', settled: true }].map(rebuildState)
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'rebuild-metadata'), 0)
    assert.ok(server.requests.every(({ method }) => method === 'GET'))
    assert.equal(world.stdout.text, 'Recovered 0 versions of files.\n')
    assert.equal(world.stderr.text, '')
  })

  test('fails where the rebuild fails, with its reason and remedy', async () => {
    await using server = await FakeRest.start()
    const failed = { state: 'failed', reason: '3 workers are missing.', remedy: 'Start them.' }
    server.rebuilds = [{ state: 'none' }, failed].map(rebuildState)
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'rebuild-metadata'), 5)
    assert.equal(world.stderr.text, 'frostbyte: 3 workers are missing. Start them.\n')
    const programs = new FakeEnvironment({ url: server.url })
    assert.equal(await run(programs, 'rebuild-metadata', '--json'), 5)
    assert.deepEqual(JSON.parse(programs.stdout.text).reason, '3 workers are missing.')
  })
})

describe('a failure', () => {
  test('is one line with what to do about it, and the server’s name for the request', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_seen, _request, response) => {
      problem(response, 507, 'insufficient-storage', { detail: 'The disk\u001b[2J is full.', remedy: 'Add a worker.' })
      return true
    }
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'stat', 'a'), 1)
    assert.equal(world.stderr.text, 'frostbyte: The disk\\x1b[2J is full. Add a worker. (request r1)\n')
  })

  test('is a JSON object for programs, also where the command line is wrong', async () => {
    await using server = await FakeRest.start()
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'stat', 'none', '--json'), 3)
    const { error } = JSON.parse(world.stderr.text) as { readonly error: Record<string, unknown> }
    assert.deepEqual([error['code'], error['status'], error['requestId']], ['file-not-found', 404, 'r1'])
    const wrong = new FakeEnvironment({ url: server.url })
    assert.equal(await run(wrong, 'stat', 'none', '--json', '--buckett', 'x'), 2)
    const told = JSON.parse(wrong.stderr.text) as { readonly error: Record<string, unknown> }
    assert.deepEqual([told.error['code'], told.error['remedy']], ['usage', 'Did you mean --bucket?'])
    assert.equal(world.stdout.text, '')
  })

  test('says what was probably meant by a wrong command or flag', async () => {
    for (const [args, hint] of [
      [['stats'], 'Did you mean one of stat, status?'],
      [['put', 'a', '--nmae', 'x'], 'Did you mean --name?'],
    ] as const) {
      const world = new FakeEnvironment()
      assert.equal(await run(world, ...args), 2)
      assert.ok(world.stderr.text.includes(hint), world.stderr.text)
      assert.equal(world.stderr.text.split('\n').length, 2)
    }
  })

  test('of the configuration is told before anything is done', async () => {
    await using server = await FakeRest.start()
    const world = new FakeEnvironment({ url: server.url, variables: { FROSTBYTE_BUCKETT: 'x' } })
    assert.equal(await run(world, 'ls'), 2)
    assert.match(world.stderr.text, /FROSTBYTE_BUCKETT is no option\. Did you mean FROSTBYTE_BUCKET\?/)
    assert.equal(server.requests.length, 0)
  })
})

describe('bench', () => {
  test('refuses what it cannot measure before it starts anything', async () => {
    const cases = [
      [['--only', 'nonsense'], /--only: "nonsense" names no row/],
      [['--seconds', '0'], /--seconds: "0"/],
      [['--json', '--markdown'], /exclude each other/],
    ] as const
    for (const [args, message] of cases) {
      const world = new FakeEnvironment({ url: 'http://127.0.0.1:9' })
      assert.equal(await run(world, 'bench', ...args), 2)
      assert.match(world.stderr.text, message)
    }
  })
})

describe('help', () => {
  test('is printed with success where it is asked for, and with none where nothing is', async () => {
    const world = new FakeEnvironment()
    assert.equal(await run(world, '--help'), 0)
    assert.equal(await run(world, 'put', '--help'), 0)
    assert.equal(await run(world, 'help', 'get'), 0)
    assert.match(world.stdout.text, /Examples:\n {2}frostbyte put report\.pdf/)
    assert.equal(await run(new FakeEnvironment()), 2)
  })

  test('of every command has examples', async () => {
    for (const command of ['up', 'master', 'worker', ...clientCommands]) {
      const world = new FakeEnvironment()
      assert.equal(await run(world, command, '--help'), 0)
      assert.ok(
        world.stdout.text.includes(`Examples:\n  frostbyte ${command}`) ||
          world.stdout.text.includes(`| frostbyte ${command}`),
      )
    }
  })
})

describe('an interruption', () => {
  test('ends an upload with 130, stores nothing and says one word', async () => {
    await using server = await FakeRest.start()
    const taken = Promise.withResolvers<void>()
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield content
      taken.resolve()
      await Promise.withResolvers<void>().promise
    }
    const world = new FakeEnvironment({ url: server.url, stdin: endless() })
    const ended = run(world, 'put', '-', '--name', 'a')
    await taken.promise
    world.interrupt('SIGINT')
    assert.equal(await ended, 130)
    assert.deepEqual(world.exits, [130])
    assert.equal(world.stderr.text, 'frostbyte: interrupted.\n')
    assert.equal(server.bytesOf('a'), undefined)
  })

  test('asked for twice ends the process at once', async () => {
    await using server = await FakeRest.start()
    const asked = Promise.withResolvers<void>()
    server.intercept = () => {
      asked.resolve()
      return true
    }
    const world = new FakeEnvironment({ url: server.url })
    const ended = run(world, 'ls')
    await asked.promise
    world.interrupt('SIGTERM')
    world.interrupt('SIGTERM')
    assert.equal(await ended, 143)
    assert.deepEqual(world.exits, [143, 143])
  })
})

describe('the commands that serve', () => {
  test('get their configuration, and decide what the process ends with', async () => {
    const world = new FakeEnvironment({ directory: '/srv', variables: { FROSTBYTE_LOG_LEVEL: 'warn' } })
    const handlers: ServerHandlers = {
      ...noServers,
      up: async (config) => {
        assert.deepEqual([config.workers, config.restPort, config.logLevel], [6, 81, 'warn'])
        assert.equal(config.dataDirectory, '/srv/d')
        return 75
      },
    }
    const args = ['up', '--workers', '6', '--data', 'd', '--port', '81']
    assert.equal(await runCli(args, { handlers, version: '1', environment: world }), 75)
  })

  test('read the configuration file of the current directory, or the one that is named', async () => {
    await using directory = await makeDirectory()
    await writeFile(join(directory.path, 'frostbyte.yaml'), 'zone: rack7\nsecret-file: secret\n')
    await writeFile(join(directory.path, 'other.yaml'), 'zone: rack8\nsecret-file: secret\n')
    const zones: unknown[] = []
    const handlers: ServerHandlers = { ...noServers, worker: async ({ zone }) => void zones.push(zone) }
    const world = new FakeEnvironment({ directory: directory.path })
    await runCli(['worker'], { handlers, version: '1', environment: world })
    await runCli(['worker', '--config', 'other.yaml'], { handlers, version: '1', environment: world })
    assert.deepEqual(zones, ['rack7', 'rack8'])
    assert.equal(await runCli(['worker', '--config', 'none.yaml'], { handlers, version: '1', environment: world }), 2)
    assert.match(world.stderr.text, /none\.yaml cannot be read/)
  })
})
