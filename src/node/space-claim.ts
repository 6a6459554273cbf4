// Who may use up much of a file system's last free space: one process at a time of this machine.
//
// The claim is a socket in Linux's abstract namespace, named after the file system. It leaves nothing behind on the disk that has no
// room, needs no right to any directory, and goes with the process however that ends. Where there is no such namespace, or between
// containers that do not share one, everybody gets the claim: then the check of the free space alone has to do.

import { once } from 'node:events'
import { createServer } from 'node:net'

import { errnoCode } from './disk-files.ts'

/** The function gives the claim back; it can be called twice. `undefined`: somebody else has it. */
export async function claimSpace(fileSystem: string): Promise<(() => void) | undefined> {
  if (process.platform !== 'linux') return () => undefined
  const server = createServer((socket) => socket.destroy())
  server.unref()
  try {
    server.listen({ path: `\0frostbyte-space-${fileSystem}` })
    await once(server, 'listening')
  } catch (error) {
    return errnoCode(error) === 'EADDRINUSE' ? undefined : () => undefined
  }
  return () => {
    if (server.listening) server.close()
  }
}
