// nginx before the endpoint, with the few lines that a test is about.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { eventually } from '../../harness/eventually.ts'
import { missing } from '../../harness/programs.ts'

// Distributions put it where users' paths do not lead.
const program = existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx'
const startMs = 20_000

export function withoutNginx(): string | false {
  return missing(program, ['-v'])
}

export interface ProxiedPort {
  readonly port: number
  /** Files, where it speaks TLS. */
  readonly certificate?: { readonly cert: string; readonly key: string }
  /** Lines beside `proxy_pass`. */
  readonly lines: readonly string[]
}

export class Nginx {
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child
    this.#folder = folder
  }

  /** `target`: the URL behind all of them. Ready to be dialled. */
  static async start(target: string, ports: readonly ProxiedPort[]): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), 'frostbyte-nginx-'))
    const config = join(folder, 'nginx.conf')
    await writeFile(config, configuration(folder, target, ports))
    const args = ['-p', folder, '-c', config, '-e', join(folder, 'error.log')]
    const nginx = new Nginx(spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] }), folder)
    try {
      for (const { port } of ports)
        await eventually(`port ${port}`, startMs, async () => (await isOpen(port)) || undefined)
      return nginx
    } catch (error) {
      await nginx.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await exited
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function configuration(folder: string, target: string, ports: readonly ProxiedPort[]): string {
  const servers = ports.map(({ port, certificate, lines }) => {
    const tls = certificate && `ssl_certificate ${certificate.cert}; ssl_certificate_key ${certificate.key};`
    const all = [`proxy_pass ${target};`, ...lines].join('\n      ')
    return `
  server {
    listen 127.0.0.1:${port}${tls === undefined ? '' : ' ssl'};
    ${tls ?? ''}
    location / {
      ${all}
    }
  }`
  })
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 256; }
http {
  access_log off;
  client_max_body_size 0;
  proxy_http_version 1.1;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  ${servers.join('\n')}
}
`
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
