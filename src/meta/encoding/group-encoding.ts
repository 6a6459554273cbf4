// The row of a placement group, read in every commit and so packed.
//
// u8 format 1 · varint epoch · u8 state (0 writable · 1 closed) · varint bytes per slot, map version · u8 k · u8 m · u8 slots; for each: 8
// worker · u8 1 where there is a pending worker · [8 pending worker] · varint holder since epoch

import { parseEpoch, parseWorkerId } from '../../base/ids.ts'
import type { Epoch, GroupId, WorkerId } from '../../base/ids.ts'
import type { GroupRow, GroupSlot } from '../contract/group-metadata.ts'
import { RowReader, corrupt } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

const format = 1
const scratch = new RowWriter()

export function encodeGroup(row: GroupRow): Uint8Array<ArrayBuffer> {
  const writer = scratch.clear().byte(format).number(row.epoch)
  writer.byte(row.state === 'writable' ? 0 : 1).number(row.bytesPerSlot)
  writer.number(row.mapVersion).byte(row.scheme.dataColumns).byte(row.scheme.parityColumns).byte(row.slots.length)
  for (const { worker, pendingWorker, holderSinceEpoch } of row.slots) {
    writer.hex(worker).byte(pendingWorker === undefined ? 0 : 1)
    if (pendingWorker !== undefined) writer.hex(pendingWorker)
    writer.number(holderSinceEpoch)
  }
  return writer.finish()
}

export function decodeGroup(group: GroupId, bytes: Uint8Array): GroupRow {
  const reader = new RowReader(bytes)
  const found = reader.byte()
  if (found !== format) throw corrupt(`format ${found} of a placement group`)
  const epoch = readEpoch(reader)
  const state = reader.byte() === 0 ? 'writable' : 'closed'
  const bytesPerSlot = reader.number()
  const mapVersion = reader.number()
  const scheme = { dataColumns: reader.byte(), parityColumns: reader.byte() }
  const slots: GroupSlot[] = []
  for (let left = reader.byte(); left > 0; left--) slots.push(readSlot(reader))
  reader.end()
  return { group, epoch, scheme, slots, state, bytesPerSlot, mapVersion }
}

function readSlot(reader: RowReader): GroupSlot {
  const worker = readWorker(reader)
  const pending = reader.byte() === 1 ? { pendingWorker: readWorker(reader) } : {}
  return { worker, ...pending, holderSinceEpoch: readEpoch(reader) }
}

function readWorker(reader: RowReader): WorkerId {
  const worker = parseWorkerId(reader.hex(16))
  if (worker === undefined) throw corrupt('a worker id is not one')
  return worker
}

function readEpoch(reader: RowReader): Epoch {
  const epoch = parseEpoch(reader.number())
  if (epoch === undefined) throw corrupt('an epoch is not one')
  return epoch
}
