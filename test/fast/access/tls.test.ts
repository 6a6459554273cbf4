// TLS of the public port: certificates of a development authority, what is refused, and certificates that change while it serves.

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { SecureVersion, TLSSocket } from 'node:tls'

import { CollectingLog } from '../../../sim/ports/log.ts'
import { runCli } from '../../../src/cli/run.ts'
import { FakeEnvironment } from '../../../src/cli/testing/fake-environment.ts'
import { makeCerts, serialOf } from '../../../src/node/certs.ts'
import type { CertFiles } from '../../../src/node/certs.ts'
import { readTlsFiles, TlsFileWatch } from '../../../src/node/tls-files.ts'
import { makeDirectory } from '../cli/run-frostbyte.ts'
import { eventually, Harness, sampleBytes } from '../rest/harness.ts'

const hosts = ['localhost', '127.0.0.1']
const hour = 3_600_000

async function makeServer(directory: string): Promise<{ rest: Harness; files: CertFiles; ca: string }> {
  const files = await makeCerts({ directory, hosts, days: 30, nowMs: Date.now() })
  const rest = await Harness.start({ tls: await readTlsFiles(files) })
  return { rest, files, ca: await readFile(files.caCert, 'utf8') }
}

async function send(
  port: number,
  ca: string | undefined,
  path: string,
  body?: Uint8Array,
): Promise<{ status: number; body: Buffer }> {
  const method = body === undefined ? 'GET' : 'PUT'
  const outgoing = request({ host: '127.0.0.1', port, path, method, agent: false, ...(ca === undefined ? {} : { ca }) })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const slices: Buffer[] = []
  for await (const slice of response) slices.push(slice as Buffer)
  return { status: response.statusCode ?? 0, body: Buffer.concat(slices) }
}

async function shake(port: number, ca: string, version?: SecureVersion): Promise<TLSSocket> {
  const limits = version === undefined ? {} : { minVersion: version, maxVersion: version }
  const socket = connect({ host: '127.0.0.1', port, ca, ...limits, ciphers: 'DEFAULT@SECLEVEL=0' })
  await once(socket, 'secureConnect')
  return socket
}

describe('TLS of the public port', () => {
  test('serves files to who trusts the authority, and is refused by who does not', async () => {
    await using directory = await makeDirectory()
    const { rest, ca } = await makeServer(directory.path)
    await using server = rest
    const content = sampleBytes(3_000_000)
    assert.equal((await send(server.port, ca, '/upload?filename=a', content)).status, 201)
    const got = await send(server.port, ca, '/download/a')
    assert.ok(got.status === 200 && got.body.equals(content))
    await assert.rejects(send(server.port, undefined, '/files'), /self.signed|unable to/)
    assert.equal(rest.gateway.connectionCount, 0)
  })

  test('speaks 1.2 and 1.3, and nothing older', async () => {
    await using directory = await makeDirectory()
    const { rest, ca } = await makeServer(directory.path)
    await using server = rest
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await shake(server.port, ca, version)
      assert.equal(socket.getProtocol(), version)
      socket.destroy()
    }
    for (const version of ['TLSv1', 'TLSv1.1'] as const) await assert.rejects(shake(server.port, ca, version))
  })

  test('tells who speaks plain HTTP that the port speaks TLS, and closes on rubbish', async () => {
    await using directory = await makeDirectory()
    const { rest } = await makeServer(directory.path)
    await using server = rest
    for (const first of ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'x', '\x16not a record of a handshake at all']) {
      const socket = connectPlain({ host: '127.0.0.1', port: server.port })
      let heard = ''
      socket.on('data', (bytes: Buffer) => {
        heard += bytes.toString('latin1')
      })
      socket.on('error', () => undefined)
      socket.write(first, 'latin1')
      await once(socket, 'close')
      if (first.startsWith('\x16')) assert.doesNotMatch(heard, /HTTP/)
      else assert.match(heard, /^HTTP\/1\.1 400 [^]*"code":"bad-request"[^]*speaks TLS[^]*https:/)
    }
    assert.deepEqual(
      rest.log.entries.filter(({ level }) => level === 'error'),
      [],
    )
  })

  test('shows a new certificate to new connections when its files change, and keeps the old one when they are wrong', async () => {
    await using directory = await makeDirectory()
    const { rest, files, ca } = await makeServer(directory.path)
    await using server = rest
    const log = new CollectingLog()
    const watch = new TlsFileWatch(files, log, (credentials) => server.gateway.setTls(credentials))
    const serial = async (): Promise<string> => {
      const socket = await shake(server.port, ca)
      const { serialNumber } = socket.getPeerCertificate()
      socket.destroy()
      return serialNumber
    }
    const [before, open] = [await serial(), await shake(server.port, ca)]
    await makeCerts({ directory: directory.path, hosts, days: 30, nowMs: Date.now() })
    await eventually(() => log.entries.some(({ message }) => message === 'The certificate was read again.'))
    const after = await serial()
    assert.notEqual(after, before)
    assert.equal(open.destroyed, false, 'what was open stays')
    open.destroy()
    await writeFile(files.cert, 'not a certificate')
    await eventually(() =>
      log.entries.some(({ message }) => message === 'The certificate has changed and is not used.'),
    )
    assert.equal(await serial(), after)
    watch.close()
  })

  test('ends within its grace, with a connection that never shakes hands too', async () => {
    await using directory = await makeDirectory()
    const { rest } = await makeServer(directory.path)
    const silent = connectPlain({ host: '127.0.0.1', port: rest.port })
    silent.on('error', () => undefined)
    await once(silent, 'connect')
    await setTimeout(20)
    silent.destroy()
    await rest[Symbol.asyncDispose]()
  })
})

describe('the certificates for development', () => {
  test('are an authority that is kept and a server’s that is new each time, keys for their owner alone', async () => {
    await using directory = await makeDirectory()
    const options = { directory: directory.path, hosts: ['files.example', '10.0.0.1'], days: 30, nowMs: Date.now() }
    const first = await makeCerts(options)
    const ca = await readFile(first.caCert, 'utf8')
    const server = await readFile(first.cert, 'utf8')
    const second = await makeCerts(options)
    assert.deepEqual([first.isCaKept, second.isCaKept], [false, true])
    assert.equal(await readFile(second.caCert, 'utf8'), ca)
    assert.notEqual(await readFile(second.cert, 'utf8'), server)
    const [authority, certificate] = [new X509Certificate(ca), new X509Certificate(server)]
    assert.ok(authority.ca && !certificate.ca)
    assert.ok(certificate.checkIssued(authority) && certificate.verify(authority.publicKey))
    assert.equal(certificate.subjectAltName, 'DNS:files.example, IP Address:10.0.0.1')
    assert.ok(certificate.validToDate.getTime() - options.nowMs <= 30 * 24 * hour)
    for (const path of [first.caKey, first.key]) assert.equal((await stat(path)).mode & 0o777, 0o600)
  })

  test('have serial numbers that are positive and as DER has them, whatever is drawn', () => {
    for (const first of [0x00, 0x01, 0x7f, 0x80, 0xff]) {
      const serial = serialOf(new Uint8Array(16).fill(first, 0, 1))
      assert.match(serial, /^[4-7][0-9a-f]0{30}$/, `${first}`)
    }
    assert.equal(serialOf(new Uint8Array(16).fill(0xab)), `6b${'ab'.repeat(15)}`)
  })

  test('are not made beside half of an authority, and wrong files are no certificate', async () => {
    await using directory = await makeDirectory()
    await writeFile(join(directory.path, 'ca.crt'), 'x')
    const options = { directory: directory.path, hosts, days: 1, nowMs: Date.now() }
    await assert.rejects(makeCerts(options), /one is missing/)
    const files = { cert: join(directory.path, 'ca.crt'), key: join(directory.path, 'none') }
    await assert.rejects(readTlsFiles(files), /no certificate with its key/)
  })

  test('are what the command makes, and a client trusts with --ca-file', async () => {
    await using directory = await makeDirectory()
    const nothing = async (): Promise<void> => undefined
    const run = async (...args: readonly string[]): Promise<FakeEnvironment> => {
      const environment = new FakeEnvironment({ directory: directory.path })
      environment.wallMs = () => Date.now()
      const handlers = { up: nothing, master: nothing, worker: nothing, migrate: nothing }
      assert.equal(await runCli(args, { handlers, version: '', environment }), 0, environment.stderr.text)
      return environment
    }
    assert.match((await run('certs')).stdout.text, /^made .*ca\.crt: clients trust it with --ca-file\nmade /)
    const files = { cert: join(directory.path, 'certs/server.crt'), key: join(directory.path, 'certs/server.key') }
    await using rest = await Harness.start({ tls: await readTlsFiles(files) })
    rest.files.store('a', 'x')
    const url = `https://localhost:${rest.port}`
    const listed = await run('ls', '--url', url, '--ca-file', 'certs/ca.crt')
    assert.equal(listed.stdout.text, 'a\n')
  })
})
