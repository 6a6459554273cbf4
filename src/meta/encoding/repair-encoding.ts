// A row of repair work: empty, or the 8 bytes of the stand-in. The rest stands in the key (keys.ts).

import { fromHex, parseWorkerId, toHex } from '../../base/ids.ts'
import type { ByteString } from '../../ports/key-value.ts'
import type { RepairEntry } from '../contract/repair-metadata.ts'
import { readDataId, readGroup, readUint32 } from './key-parts.ts'
import { corrupt } from './row-reader.ts'

const slotBlock = 0xffff_ffff

export function encodeRepair(entry: RepairEntry): Uint8Array {
  return entry.kind === 'slot' || entry.standIn === undefined ? new Uint8Array() : fromHex(entry.standIn)
}

export function decodeRepair(key: ByteString, row: Uint8Array): RepairEntry {
  const group = readGroup(key, 1)
  const dataId = readDataId(key, 5)
  const block = readUint32(key, 21)
  const position = key.charCodeAt(25)
  if (block === slotBlock) return { kind: 'slot', group, dataId, slot: position }
  if (row.length === 0) return { kind: 'fragment', group, dataId, block, column: position }
  const standIn = parseWorkerId(toHex(row))
  if (standIn === undefined) throw corrupt('a stand-in is not one')
  return { kind: 'fragment', group, dataId, block, column: position, standIn }
}
