import assert from 'node:assert/strict'
import { mkdtempDisposable, readdir, readFile, readlink, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { downloadFile, fileSource, FrostByteClient, FrostByteError, uploadFile } from './node.ts'
import { FakeRest } from './testing/fake-rest.ts'

const noWait = { attemptsMax: 2, delayMs: 0 }
const content = Uint8Array.from({ length: 900_000 }, (_, index) => (index * 31) & 0xff)

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FrostByteError && error.code === code
}

async function makeDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  return mkdtempDisposable(join(tmpdir(), 'frostbyte-sdk-'))
}

describe('files on the local disk', () => {
  test('go up and come down byte for byte', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    const client = new FrostByteClient({ url: server.url })
    await writeFile(join(directory.path, 'from'), content)
    await uploadFile(client, 'a', join(directory.path, 'from'))
    assert.equal(server.requests[0]?.query.get('size'), String(content.length))
    await downloadFile(client, 'a', join(directory.path, 'to'))
    assert.ok((await readFile(join(directory.path, 'to'))).equals(content))
    assert.deepEqual((await readdir(directory.path)).toSorted(), ['from', 'to'])
  })

  test('go up again whole after a broken connection', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    let breaks = 1
    server.intercept = (_, request) => {
      if (breaks-- <= 0) return false
      request.once('data', () => request.socket.destroy())
      return true
    }
    const path = join(directory.path, 'from')
    await writeFile(path, content)
    await uploadFile(new FrostByteClient({ url: server.url, retries: noWait }), 'a', path)
    assert.deepEqual(Buffer.from(server.bytesOf('a') ?? []), Buffer.from(content))
  })

  test('are not stored where they shrink during the upload', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    const path = join(directory.path, 'from')
    await writeFile(path, content)
    const source = await fileSource(path)
    await truncate(path, 100)
    await assert.rejects(
      new FrostByteClient({ url: server.url, retries: noWait }).upload('a', source),
      hasCode('length-mismatch'),
    )
    assert.equal(server.bytesOf('a'), undefined)
  })

  test('that cannot be read are told by what is wrong with them', async () => {
    await using directory = await makeDirectory()
    await assert.rejects(fileSource(join(directory.path, 'none')), /no such file/)
    await assert.rejects(fileSource(directory.path), /is a directory/)
  })

  test('are never left half under their final name, nor beside it', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    server.store('a', content)
    server.intercept = (_seen, _request, response) => {
      response.writeHead(200, { 'content-length': content.length, 'etag': '"e"' })
      response.write(content.subarray(0, 100_000), () => setImmediate(() => response.destroy()))
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: { attemptsMax: 1 } })
    const path = join(directory.path, 'to')
    await assert.rejects(downloadFile(client, 'a', path), hasCode('network-failed'))
    assert.deepEqual(await readdir(directory.path), [])
    await writeFile(path, 'old')
    await assert.rejects(downloadFile(client, 'a', path), hasCode('network-failed'))
    assert.equal(await readFile(path, 'utf8'), 'old')
  })

  test('are not touched where the download does not even begin', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    await assert.rejects(downloadFile(new FrostByteClient({ url: server.url }), 'none', join(directory.path, 'to')))
    assert.deepEqual(await readdir(directory.path), [])
  })

  test('are replaced with their mode kept, through a link', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    server.store('a', content)
    const path = join(directory.path, 'to')
    await writeFile(path, 'old', { mode: 0o600 })
    await symlink('to', join(directory.path, 'link'))
    await downloadFile(new FrostByteClient({ url: server.url }), 'a', join(directory.path, 'link'))
    assert.equal(await readlink(join(directory.path, 'link')), 'to')
    assert.ok((await readFile(path)).equals(content))
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })

  test('that are devices are written to and stay devices', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    await downloadFile(new FrostByteClient({ url: server.url }), 'a', '/dev/null')
    assert.ok((await stat('/dev/null')).isCharacterDevice())
  })

  test('cannot be written where their folder is missing or is one itself', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    server.store('a', content)
    const client = new FrostByteClient({ url: server.url })
    await assert.rejects(downloadFile(client, 'a', join(directory.path, 'none', 'to')), hasCode('local-failed'))
    await assert.rejects(downloadFile(client, 'a', directory.path), /is a directory/)
  })

  test('are held against the server’s checksum where that is asked for', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const path = join(directory.path, 'from')
    await writeFile(path, content)
    await uploadFile(client, 'a', path, { verify: true })
    await downloadFile(client, 'a', join(directory.path, 'to'), { verify: true })
    server.intercept = (seen, _request, response) => {
      if (seen.path !== '/download') return false
      const etag = server.versionOf('a') ?? ''
      response.writeHead(200, { 'content-length': content.length, 'etag': `"${etag}"` }).end(content.with(5, 99))
      return true
    }
    await assert.rejects(
      downloadFile(client, 'a', join(directory.path, 'other'), { verify: true }),
      hasCode('checksum-mismatch'),
    )
    assert.deepEqual((await readdir(directory.path)).toSorted(), ['from', 'to'])
  })

  test('are told where the server stored other bytes', async () => {
    await using server = await FakeRest.start()
    await using directory = await makeDirectory()
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const path = join(directory.path, 'from')
    await writeFile(path, content)
    server.intercept = (seen, request, response) => {
      if (seen.path !== '/upload') return false
      request.resume().on('end', () => {
        const version = server.store('a', content.with(5, 99))
        response.writeHead(201).end(JSON.stringify({ filename: 'a', size: content.length, etag: version, version }))
      })
      return true
    }
    await assert.rejects(uploadFile(client, 'a', path, { verify: true }), hasCode('checksum-mismatch'))
  })
})
