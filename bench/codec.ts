// Micro benchmark of the codec on one core: `npx node bench/codec.ts [k+m …]`. Prints GiB of file data per second for encode
// (parity), decode (two columns lost, or as many as the scheme has), checks (CRC-32 of what a block holds) and the whole of
// encodeBlock. It walks over several blocks, so that data comes from memory rather than from the cache, as in an upload.

import { BlockLayout, encodeBlock } from '../src/codec/block.ts'
import { plainChecks } from '../src/codec/check-table.ts'
import { ErasureCoder } from '../src/codec/erasure-coder.ts'
import type { CoderBuffer } from '../src/codec/erasure-coder.ts'
import { BlockGeometry, fullBlockBytes } from '../src/codec/geometry.ts'
import { firstDataIdAt, parseGroupId } from '../src/base/ids.ts'
import { SeededRandom } from '../src/base/random.ts'
import { defaultChunkSizeBytes } from '../src/base/scheme.ts'
import type { Scheme } from '../src/base/scheme.ts'
import { GIB, MIB, SECOND_MS } from '../src/base/units.ts'
import { defined } from '../src/base/assert.ts'
import { NodeCompute } from '../src/node/compute.ts'

const blocks = 16
const runMs = 400

interface Block {
  readonly buffer: CoderBuffer
  readonly target: CoderBuffer
}

function measure(bytesPerRun: number, run: (index: number) => void): string {
  for (let index = 0; index < blocks; index++) run(index)
  let rounds = 0
  const started = process.cpuUsage()
  const startedMs = performance.now()
  while (performance.now() - startedMs < runMs) run(rounds++ % blocks)
  const { user, system } = process.cpuUsage(started)
  const seconds = (user + system) / 1e6
  return ((rounds * bytesPerRun) / GIB / seconds).toFixed(2).padStart(7)
}

function benchScheme(scheme: Scheme): string {
  const bytes = fullBlockBytes(scheme, defaultChunkSizeBytes)
  const layout = new BlockLayout(scheme, defaultChunkSizeBytes, bytes)
  const geometry = new BlockGeometry(scheme, defaultChunkSizeBytes, bytes)
  const coder = new ErasureCoder({ memoryBytes: 2 * blocks * (layout.bufferBytes + MIB) })
  const compute = new NodeCompute()
  const random = new SeededRandom(1).bytes(MIB)
  const all: Block[] = []
  for (let index = 0; index < blocks; index++) {
    const buffer = defined(coder.allocate(layout.bufferBytes), 'buffer')
    const target = defined(coder.allocate(layout.bufferBytes), 'target')
    for (let at = 0; at < bytes; at += MIB)
      layout.scatter(buffer.bytes, at, random.subarray(0, Math.min(MIB, bytes - at)))
    target.bytes.fill(1)
    all.push({ buffer, target })
  }
  const columnsOf = (index: number, part: keyof Block): readonly Uint8Array[] => {
    const place = defined(all[index], 'block')[part].bytes
    return geometry.columns().map((column) => layout.column(place, geometry, column))
  }
  const encode = measure(bytes, (index) => coder.encode(geometry, columnsOf(index, 'buffer')))
  const lost = geometry.columns().slice(0, Math.min(2, scheme.parityColumns))
  const stripes = { firstStripe: 0, endStripe: geometry.stripeCount }
  const decode = measure(bytes, (index) => {
    const sources = columnsOf(index, 'buffer').map((part, column) => ({ column, bytes: part }))
    const targets = columnsOf(index, 'target').map((part, column) => ({ column, bytes: part }))
    coder.reconstruct({
      geometry,
      stripes,
      sources: sources.filter(({ column }) => !lost.includes(column)),
      targets: targets.filter(({ column }) => lost.includes(column)),
    })
  })
  const checks = measure(bytes, (index) => {
    plainChecks(compute, geometry, columnsOf(index, 'buffer'))
  })
  const content = {
    group: defined(parseGroupId(1), 'group'),
    dataId: firstDataIdAt(1),
    block: 0,
    isLastBlock: false,
    manifest: new Uint8Array(0),
    geometry,
  }
  const whole = measure(bytes, (index) => {
    encodeBlock(compute, content, { coder, layout, buffer: defined(all[index], 'block').buffer })
  })
  return `${`${scheme.dataColumns}+${scheme.parityColumns}`.padEnd(6)} ${encode} ${decode} ${checks} ${whole}`
}

function parseScheme(text: string): Scheme {
  const [k = 0, m = 0] = text.split('+').map(Number)
  return { dataColumns: k, parityColumns: m }
}

const asked = process.argv.slice(2)
const schemes = asked.length > 0 ? asked : ['1+2', '2+1', '2+2', '3+2', '4+2', '6+3', '8+3', '10+4', '12+4']
process.stdout.write(`GiB of data per CPU second, one core, warm memory, ${runMs / SECOND_MS} s each\n`)
process.stdout.write('scheme  encode  decode  checks  encodeBlock\n')
for (const text of schemes) process.stdout.write(`${benchScheme(parseScheme(text))}\n`)
