// frostbyte.yaml: one map from option names to values. Read without YAML's guesses about types (its "failsafe" schema): what a text
// means, the option decides. Aliases, tags and maps within are refused, because no option needs them.

import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { ParsedNode } from 'yaml'

import { FrostError } from '../../base/errors.ts'
import { findOption } from './resolve.ts'
import type { GivenValue } from './resolve.ts'

/** `fileName` is for messages. @throws FrostError `config-invalid`. */
export function parseConfigFile(text: string, fileName: string): ReadonlyMap<string, GivenValue> {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
  })
  const placeAt = (offset: number | undefined): string =>
    `${fileName}:${offset === undefined ? 1 : lines.linePos(offset).line}`
  const [fault] = document.errors
  if (fault !== undefined) throw invalid(`${placeAt(fault.pos[0])}: ${fault.message}`)
  const { contents } = document
  const values = new Map<string, GivenValue>()
  if (contents === null || (isScalar(contents) && contents.value === '')) return values
  if (!isMap(contents)) throw invalid(`${placeAt(0)}: the file is not a map from options to values`)
  for (const { key, value } of contents.items) {
    const name = isScalar(key) ? String(key.value) : ''
    const place = `${JSON.stringify(name.slice(0, 100))} in ${placeAt(key.range[0])}`
    const option = findOption(name, 'file', place)
    values.set(option.name, { text: textOf(value, place), place })
  }
  return values
}

function textOf(node: ParsedNode | null, place: string): string {
  if (isScalar(node) && typeof node.value === 'string') {
    if (node.value !== '') return node.value
    throw invalid(`${place} has no value`)
  }
  if (isSeq(node)) {
    const parts = node.items.map((item) => (isScalar(item) && typeof item.value === 'string' ? item.value : undefined))
    if (parts.length > 0 && parts.every((part) => part !== undefined && !part.includes(','))) return parts.join(',')
  }
  throw invalid(`${place} is neither a value nor a list of values`)
}

function invalid(message: string): FrostError {
  return new FrostError('config-invalid', `${message}.`, {
    remedy: 'Write one option a line, as in "workers: 5"; docs/reference/config.md lists them.',
  })
}
