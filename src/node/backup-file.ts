// A backup of metadata as a file: lines of JSON. The first says what it is, then comes a line for each row, [key, value] in base64, and
// the last is the SHA-256 of all lines before it, so that a file that was cut off or changed is refused as a whole. It is written under
// another name, synced and renamed; its owner alone may read it, because password hashes are in it.

import { createHash } from 'node:crypto'
import { readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

import { FrostError } from '../base/errors.ts'
import { MIB } from '../base/units.ts'
import type { ByteString, KeyValueEntry } from '../ports/key-value.ts'
import { keyBytesMax } from '../ports/key-value.ts'
import { syncFolder } from './disk-files.ts'
import { writeDurably } from './durable-files.ts'

const format = 'frostbyte-metadata'
const version = 1
const fileBytesMax = 512 * MIB

/** `madeMs`: when, by the wall clock. */
export function encodeBackup(entries: readonly KeyValueEntry[], madeMs: number): string {
  const head = JSON.stringify({ format, version, made: new Date(madeMs).toISOString(), rows: entries.length })
  const rows = entries.map(([key, value]) =>
    JSON.stringify([Buffer.from(key, 'latin1').toString('base64'), Buffer.from(value).toString('base64')]),
  )
  const text = `${[head, ...rows].join('\n')}\n`
  return `${text}${JSON.stringify({ sha256: sha256(text) })}\n`
}

/** @throws FrostError `store-corrupt`: not whole, or no backup; `format-unsupported`. */
export function decodeBackup(text: string): readonly KeyValueEntry[] {
  const end = text.lastIndexOf('\n', text.length - 2) + 1
  const lines = text.slice(0, end).split('\n')
  const head = parse(lines[0] ?? '')
  if (typeof head !== 'object' || head === null || !('format' in head) || head.format !== format) {
    throw new FrostError('store-corrupt', 'The file is no backup of metadata.', {
      remedy: 'Give the file that backup-metadata wrote.',
    })
  }
  if (!('version' in head) || head.version !== version)
    throw new FrostError('format-unsupported', 'The backup was written by a newer version of FrostByte.')
  const tail = parse(text.slice(end))
  const sum = typeof tail === 'object' && tail !== null && 'sha256' in tail ? tail.sha256 : undefined
  if (sum !== sha256(text.slice(0, end)))
    throw new FrostError('store-corrupt', 'The backup is damaged, or not whole: its checksum is another one.', {
      remedy: 'Take another copy of it, or an older backup.',
    })
  return lines.slice(1, -1).map(decodeRow)
}

function decodeRow(line: string): KeyValueEntry {
  const row = parse(line)
  const parts: readonly unknown[] = Array.isArray(row) ? row : []
  const [key, value] = parts
  if (typeof key !== 'string' || typeof value !== 'string')
    throw new FrostError('store-corrupt', 'The backup has a line that is no row.')
  const bytes: ByteString = Buffer.from(key, 'base64').toString('latin1')
  if (bytes.length === 0 || bytes.length > keyBytesMax)
    throw new FrostError('store-corrupt', 'The backup has a row without a valid key.')
  return [bytes, new Uint8Array(Buffer.from(value, 'base64'))]
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The file appears whole and synced, or not at all. @throws FrostError `precondition-failed`: it exists. */
export async function writeBackupFile(path: string, text: string): Promise<void> {
  if (await exists(path))
    throw new FrostError('precondition-failed', `${path} exists already.`, { remedy: 'Give another name.' })
  await writeDurably(path, text)
}

/** @throws FrostError `config-invalid`: there is no such file. */
export async function readBackupFile(path: string): Promise<string> {
  if (!(await exists(path)))
    throw new FrostError('config-invalid', `There is no backup ${path}.`, { remedy: 'Correct its name.' })
  if ((await stat(path)).size > fileBytesMax)
    throw new FrostError('store-corrupt', `${path} is larger than any backup of metadata.`)
  return await readFile(path, 'utf8')
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

/** Renames a directory in one step, durably. */
export async function placeDirectory(from: string, to: string): Promise<void> {
  await syncFolder(from)
  await rename(from, to)
  await syncFolder(dirname(to))
}
