// Stores a local file with progress and a time limit, and writes it back beside itself, checksums compared.
//
//   npm start                                            (in another terminal)
//   npx node examples/copy-with-progress.ts FILE [URL]

import { basename } from 'node:path'

import { downloadFile, FrostByteClient, uploadFile } from '../src/sdk/node.ts'
import type { Progress } from '../src/sdk/node.ts'

const [path, url = 'http://127.0.0.1:8080'] = process.argv.slice(2)
if (path === undefined) throw new Error('which file?')

const client = new FrostByteClient({ url })
const signal = AbortSignal.timeout(10 * 60 * 1000)

function show(direction: string): (progress: Progress) => void {
  return ({ transferredBytes, totalBytes = 0 }) => {
    process.stderr.write(`\r${direction}: ${transferredBytes} of ${totalBytes} bytes`)
  }
}

const name = `examples/${basename(path)}`
await uploadFile(client, name, path, { onProgress: show('up'), signal, verify: true })
await downloadFile(client, name, `${path}.copy`, { onProgress: show('down'), signal, verify: true })
process.stderr.write(`\n${path}.copy holds the same bytes\n`)
