// The command line as a shell sees it: exit codes, streams, signals.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { FakeRest } from '../../../src/sdk/testing/fake-rest.ts'
import { ended, makeDirectory, runFrostbyte, startFrostbyte } from './run-frostbyte.ts'

const content = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 31) & 0xff)

describe('the process', () => {
  test('moves files through pipes byte for byte', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    const at = { directory: directory.path, url: server.url }
    const put = await runFrostbyte(['put', '-', '--name', 'a'], { ...at, input: content })
    assert.deepEqual([put.code, put.stderr], [0, ''])
    const got = await runFrostbyte(['get', 'a', '-'], at)
    assert.equal(got.code, 0)
    assert.ok(got.stdout.equals(content))
    assert.equal(got.stderr, '')
  })

  test('ends with the documented codes', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    server.store('a', 'x')
    await writeFile(join(directory.path, 'a'), 'x')
    const cases: readonly (readonly [number, readonly string[], string])[] = [
      [0, ['stat', 'a'], server.url],
      [1, ['get', 'a', '-', '--range', '5-'], server.url],
      [2, ['ls', '--nonsense'], server.url],
      [2, ['ls', '--url', 'host:80'], server.url],
      [3, ['stat', 'none'], server.url],
      [4, ['put', 'a', '--if-absent'], server.url],
      [5, ['ls', '--attempts', '1', '--url', 'http://127.0.0.1:9'], server.url],
    ]
    const codes = await Promise.all(
      cases.map(async ([, args, url]) => (await runFrostbyte(args, { directory: directory.path, url })).code),
    )
    assert.deepEqual(
      codes,
      cases.map(([code]) => code),
    )
  })

  test('shows no progress where its output is no terminal, however long it takes', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    server.intercept = (_seen, _request, response) => {
      response.writeHead(200, { 'content-length': 4, 'etag': '"e"' }).write('ab')
      setTimeout(() => response.end('cd'), 1600)
      return true
    }
    const { code, stdout, stderr } = await runFrostbyte(['get', 'a', '-'], {
      directory: directory.path,
      url: server.url,
    })
    assert.deepEqual([code, stdout.toString(), stderr], [0, 'abcd', ''])
  })

  test('ends quietly where the reader of its output goes away', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    for (let index = 0; index < 5000; index++)
      server.store(`a long name of a file ${String(index).padStart(30, '0')}`, '')
    const child = startFrostbyte(['ls'], { directory: directory.path, url: server.url })
    const end = ended(child)
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const { code, stderr } = await end
    assert.deepEqual([code, stderr], [0, ''])
  })

  test('leaves no part of a file behind when it is interrupted, and ends with 130', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    const child = startFrostbyte(['get', 'a', 'target'], { directory: directory.path, url: server.url })
    const end = ended(child)
    server.intercept = (_seen, _request, response) => {
      response.writeHead(200, { 'content-length': content.length, 'etag': '"e"' }).write(content.subarray(0, 100_000))
      const look = setInterval(() => {
        readdir(directory.path)
          .then((names) => {
            if (names.length === 0) return
            clearInterval(look)
            child.kill('SIGINT')
          })
          .catch(() => clearInterval(look))
      }, 20)
      return true
    }
    const { code, stderr } = await end
    assert.deepEqual([code, stderr], [130, 'frostbyte: interrupted.\n'])
    assert.deepEqual(await readdir(directory.path), [])
  })

  test('ends on SIGTERM though its standard input never does', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    const child = startFrostbyte(['put', '-', '--name', 'a'], { directory: directory.path, url: server.url })
    const end = ended(child)
    server.intercept = (_seen, request) => {
      request.once('data', () => child.kill('SIGTERM'))
      return true
    }
    child.stdin.on('error', () => undefined)
    child.stdin.write(content.subarray(0, 100_000))
    assert.equal((await end).code, 143)
    assert.equal(server.bytesOf('a'), undefined)
  })

  test('ends when the server refuses, though its standard input never does', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    server.intercept = (_seen, request, response) => {
      request.once('data', () => {
        response.writeHead(507, { 'content-type': 'application/problem+json', 'connection': 'close' })
        response.end('{"code":"insufficient-storage","detail":"There is no room."}')
      })
      return true
    }
    const child = startFrostbyte(['put', '-', '--name', 'a'], { directory: directory.path, url: server.url })
    const end = ended(child)
    child.stdin.on('error', () => undefined)
    child.stdin.write(content.subarray(0, 100_000))
    const { code, stderr } = await end
    assert.deepEqual([code, stderr], [1, 'frostbyte: There is no room.\n'])
  })

  test('goes on with an interrupted download where it was', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    const version = server.store('a', content)
    let isFirst = true
    server.intercept = (seen, _request, response) => {
      if (!isFirst || seen.path !== '/download') return false
      isFirst = false
      response.writeHead(200, { 'content-length': content.length, 'etag': `"${version}"` })
      response.write(content.subarray(0, 1_000_000), () => setTimeout(() => response.destroy(), 50))
      return true
    }
    const { code } = await runFrostbyte(['get', 'a', '--verify'], { directory: directory.path, url: server.url })
    assert.equal(code, 0)
    assert.ok((await readFile(join(directory.path, 'a'))).equals(content))
    assert.match(
      server.requests.find(({ headers }) => headers.range !== undefined)?.headers.range ?? '',
      /^bytes=[1-9]\d*-2999999$/,
    )
  })
})
