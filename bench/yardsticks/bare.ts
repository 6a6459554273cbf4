// Starts bare-server.ts.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { ChildServer } from './child-server.ts'
import { findFreePorts } from './free-port.ts'
import type { Yardstick } from './yardstick.ts'

export async function startBareServer(folder: string): Promise<Yardstick> {
  mkdirSync(join(folder, 'files'), { recursive: true })
  const [port = 0] = await findFreePorts(1)
  const args = [fileURLToPath(new URL('./bare-server.ts', import.meta.url)), folder, String(port)]
  const child = await ChildServer.start({ command: process.execPath, args, port })
  return {
    name: 'bare node:http',
    target: { host: '127.0.0.1', port, dialect: 'paths' },
    processes: () => [{ pid: child.pid, role: 'server' }],
    stop: async () => await child.stop(),
  }
}
