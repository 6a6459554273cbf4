// `frostbyte stat`: what is known of a file, and where its pieces lie.

import type { Command } from 'commander'

import type { FileInfo, FrostByteClient, LayoutPage, LayoutPiece } from '../../sdk/index.ts'
import { withExamples } from '../command-config.ts'
import { addClientFlags, openClient, OutputWriter } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { describeBytes } from '../figures.ts'
import { escapeText, formatTable } from '../terminal-text.ts'

interface StatFlags {
  readonly layout?: true
  readonly json?: true
}

export function addStatCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('stat')
    .description('show what is known of a file')
    .argument('<name>', 'name of the file')
    .option('--layout', 'also which of its pieces lies on which worker')
    .action(async (name: string, flags: StatFlags) => showFile(context, command, name, flags))
  withExamples(addClientFlags(command), [
    ['frostbyte stat report.pdf', 'size, version, time, checksum'],
    ['frostbyte stat --layout report.pdf', 'where its chunks and parity lie'],
  ])
}

async function showFile(context: CommandContext, command: Command, name: string, flags: StatFlags): Promise<void> {
  const { client } = await openClient(context, command)
  const { signal, environment } = context
  const info = await client.stat(name, { signal })
  const writer = new OutputWriter(environment)
  if (flags.json === true) {
    await writer.text(JSON.stringify(describeJson(info)).slice(0, -1))
    if (flags.layout === true) await writeJsonLayout(writer, pagesOf(client, name, signal))
    await writer.text('}\n')
  } else {
    for (const [label, value] of describeLines(info)) await writer.line(`${label.padEnd(9)} ${value}`)
    if (flags.layout === true) await writeLayout(writer, pagesOf(client, name, signal))
  }
  await writer.flush()
}

function describeJson(info: FileInfo): object {
  const { name, bucket, sizeBytes, etag, version, contentType, modifiedAt, crc32 } = info
  return {
    filename: name,
    bucket,
    size: sizeBytes,
    etag,
    version: version ?? null,
    contentType: contentType ?? null,
    time: modifiedAt?.toISOString() ?? null,
    crc32: crc32 ?? null,
  }
}

function describeLines(info: FileInfo): readonly (readonly [string, string])[] {
  return [
    ['name', info.name],
    ['bucket', info.bucket],
    ['size', `${describeBytes(info.sizeBytes)} (${info.sizeBytes.toLocaleString('en-US')} bytes)`],
    ['type', info.contentType ?? 'unknown'],
    ['modified', info.modifiedAt?.toISOString() ?? 'unknown'],
    ['version', info.version ?? 'unknown'],
    ['crc32', info.crc32 ?? 'unknown'],
  ]
}

async function* pagesOf(
  client: FrostByteClient,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<LayoutPage, void, undefined> {
  let after: number | undefined
  do {
    const page: LayoutPage = await client.layout(name, { after, signal })
    yield page
    after = page.next
  } while (after !== undefined)
}

async function writeLayout(writer: OutputWriter, pages: AsyncIterable<LayoutPage>): Promise<void> {
  let isFirst = true
  for await (const page of pages) {
    if (isFirst) {
      const { scheme, chunkCount, chunkSizeBytes } = page
      await writer.line(`chunks    ${chunkCount} of ${describeBytes(chunkSizeBytes)}, ${scheme}`)
      await writer.line('')
    }
    isFirst = false
    const rows = page.pieces.map(describePiece)
    await writer.text(
      formatTable(
        [
          { heading: 'PIECE' },
          { heading: 'STRIPE' },
          { heading: 'LENGTH', align: 'right' },
          { heading: 'CRC32' },
          { heading: 'WORKER' },
        ],
        rows,
      ),
    )
  }
}

function describePiece(piece: LayoutPiece): readonly string[] {
  const name = `${piece.kind} ${piece.index}`
  const stripe = `${piece.block}.${piece.stripe}`
  return [name, stripe, String(piece.lengthBytes), piece.crc32 ?? 'unknown', piece.worker].map(escapeText)
}

async function writeJsonLayout(writer: OutputWriter, pages: AsyncIterable<LayoutPage>): Promise<void> {
  let isFirst = true
  for await (const page of pages) {
    const { scheme, chunkCount: chunks, chunkSizeBytes: chunkSize } = page
    if (isFirst) await writer.text(`,"layout":${JSON.stringify({ scheme, chunkSize, chunks }).slice(0, -1)},"pieces":[`)
    const pieces = page.pieces.map(({ lengthBytes: length, crc32, ...piece }) =>
      JSON.stringify({ ...piece, length, crc32: crc32 ?? null }),
    )
    await writer.text((isFirst || pieces.length === 0 ? '' : ',') + pieces.join(','))
    isFirst = false
  }
  await writer.text(']}')
}
