// A bare `node:http` server that keeps one copy of each file and syncs it before it answers: what Node.js and one durable
// copy cost, without anything else. Started by bare.ts: FOLDER PORT.

import { createReadStream, createWriteStream, mkdirSync } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const [, , folder = '', port = ''] = process.argv
const smallBytes = 64 * 1024
const madeFolders = new Set<string>()
let temporaryCount = 0

async function put(path: string, request: IncomingMessage): Promise<void> {
  const parent = dirname(path)
  if (!madeFolders.has(parent)) mkdirSync(parent, { recursive: true })
  madeFolders.add(parent)
  const temporary = join(folder, `upload-${temporaryCount++}`)
  if (Number(request.headers['content-length'] ?? Number.NaN) <= smallBytes) {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const file = await open(temporary, 'w')
    await file.write(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts))
    await file.datasync()
    await file.close()
  } else {
    await pipeline(request, createWriteStream(temporary, { highWaterMark: 1 << 20, flush: true }))
  }
  await rename(temporary, path)
}

async function get(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { size } = await stat(path)
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
  const first = Number(range?.[1] ?? 0)
  const last = Number(range?.[2] ?? size - 1)
  response.writeHead(range === null ? 200 : 206, { 'Content-Length': last - first + 1 })
  if (last - first < smallBytes) {
    const file = await open(path)
    const { buffer } = await file.read({ buffer: Buffer.allocUnsafe(last - first + 1), position: first })
    await file.close()
    response.end(buffer)
  } else {
    await pipeline(createReadStream(path, { start: first, end: last, highWaterMark: 1 << 18 }), response)
  }
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = join(folder, 'files', request.url ?? '/')
  if (request.method === 'PUT') {
    await put(path, request)
    response.writeHead(201, { 'Content-Length': 0 }).end()
  } else if (request.method === 'DELETE') {
    await rm(path)
    response.writeHead(204).end()
  } else {
    await get(path, request, response)
  }
}

const server = createServer((request, response) => {
  serve(request, response).catch((error: unknown) => {
    if (response.headersSent) response.destroy()
    else response.writeHead(500, { 'Content-Type': 'text/plain' }).end(String(error))
  })
})
server.keepAliveTimeout = 3_600_000
server.requestTimeout = 0
server.listen(Number(port), '127.0.0.1')
