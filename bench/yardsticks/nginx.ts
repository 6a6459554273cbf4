// nginx with its own WebDAV module: one copy, nothing synced, one core process for each two cores at least. What it costs is what HTTP
// and one file a name cost when written in C, so it is the yardstick for small files.

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

import { listTree } from '../../src/cli/bench/process-usage.ts'
import { ChildServer } from './child-server.ts'
import { findFreePorts } from './free-port.ts'
import type { Skipped, Yardstick } from './yardstick.ts'

export async function startNginx(folder: string): Promise<Yardstick | Skipped> {
  const version = spawnSync('nginx', ['-V'], { encoding: 'utf8' })
  if (version.error !== undefined) return { skipped: 'there is no nginx (Debian: apt-get install nginx)' }
  if (!version.stderr.includes('http_dav_module')) return { skipped: 'this nginx is built without its module http_dav' }
  for (const name of ['files', 'temp']) {
    mkdirSync(join(folder, name), { recursive: true })
    chmodSync(join(folder, name), 0o777) // its worker processes are another user where this runs as root
  }
  const [port = 0] = await findFreePorts(1)
  const config = join(folder, 'nginx.conf')
  writeFileSync(config, configuration(folder, port))
  const child = await ChildServer.start({
    command: 'nginx',
    args: ['-p', folder, '-c', config, '-e', join(folder, 'error.log')],
    port,
  })
  return {
    name: 'nginx',
    target: { host: '127.0.0.1', port, dialect: 'paths' },
    processes: () => listTree(child.pid).map(({ pid }) => ({ pid, role: 'nginx' })),
    stop: async () => await child.stop(),
  }
}

function configuration(folder: string, port: number): string {
  // As root its workers would become `nobody`, who may not enter every folder above.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  return `${user}
daemon off;
worker_processes ${Math.max(1, Math.floor(availableParallelism() / 2))};
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  default_type application/octet-stream;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  client_max_body_size 0;
  client_body_buffer_size 1m;
  client_body_temp_path ${folder}/temp;
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      root ${folder}/files;
      dav_methods PUT DELETE;
      create_full_put_path on;
      dav_access user:rw;
    }
  }
}
`
}
