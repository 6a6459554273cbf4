// Rules about single lines of text. Forbidden words are put together from pieces, so that this file, its tests and
// a search of the repository do not find the rule itself.

import { findLines } from './repository.ts'
import type { RepositoryFile, TidyRule } from './repository.ts'

const lineLengthMax = 140

function isText(file: RepositoryFile): boolean {
  return /\.(ts|js|mjs|json|ya?ml|md|sh|html|css)$/.test(file.path) || file.path.startsWith('.ci/')
}

export function isCode(file: RepositoryFile): boolean {
  return /\.(ts|js|mjs)$/.test(file.path)
}

const unfinishedMarks = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`)

export const unfinished: TidyRule = (repository) =>
  findLines(repository, isText, (line) =>
    unfinishedMarks.test(line)
      ? 'a mark of unfinished work. Remedy: finish it, or file an issue and delete it'
      : undefined,
  )

export const whitespace: TidyRule = (repository) =>
  findLines(repository, isText, (line, index, file) => {
    if (line.endsWith('\r')) return 'a carriage return. Remedy: end lines with a line feed alone'
    if (/[ \t]$/.test(line)) return 'blanks at the end of the line. Remedy: delete them'
    if (line.includes('\t')) return 'a tab. Remedy: indent with spaces; write \\t in a string'
    const isLast = index === file.lines.length - 1
    return isLast && !file.text.endsWith('\n') ? 'no line feed at the end of the file. Remedy: add one' : undefined
  })

/** A long literal without blanks (a hash, a module's bytes) is nobody's to wrap. */
export const lineLength: TidyRule = (repository) =>
  findLines(repository, isCode, (line) =>
    line.length <= lineLengthMax || /\S{100}/.test(line)
      ? undefined
      : `${line.length} characters. Remedy: wrap at ${lineLengthMax} at the latest (120 is usual)`,
  )

const machineNames = [
  { pattern: new RegExp(`registry\\.${'npm'}js\\.org|registry\\.${'yarn'}pkg\\.com`), what: 'the host of a registry' },
  { pattern: new RegExp(`(^|[\\s"'\`(=:])/(${'wo' + 'rk'}|${'ro' + 'ot'})/`), what: 'a path of one machine' },
  { pattern: new RegExp(`(^|[\\s"'\`(=:])\\.\\./${'sha' + 'red'}/`), what: 'a path outside the repository' },
]

export const machine: TidyRule = (repository) =>
  findLines(
    repository,
    (file) => file.text !== '',
    (line) => {
      const found = machineNames.find(({ pattern }) => pattern.test(line))
      return found === undefined ? undefined : `${found.what}. Remedy: name it from outside, or leave it out`
    },
  )

export const doubleCast: TidyRule = (repository) =>
  findLines(repository, isCode, (line) =>
    /\bas unknown as\b/.test(line) && !/^\s*(\/\/|\*)/.test(line)
      ? '`as ' + 'unknown as` silences the compiler. Remedy: parse the value, or type it right where it is made'
      : undefined,
  )
