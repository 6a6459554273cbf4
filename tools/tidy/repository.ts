// The repository as the tidy rules see it: every file that git would keep, read once. It is found by walking the
// folder rather than by asking git, which is absent where somebody unpacked an archive or runs in a bare container.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'

export interface Repository {
  /** By path relative to the root, with forward slashes, sorted. Binary files have an empty text. */
  readonly files: ReadonlyMap<string, RepositoryFile>
}

export interface RepositoryFile {
  readonly path: string
  readonly text: string
  /** Without the empty one after the last line feed. */
  readonly lines: readonly string[]
  readonly bytes: number
}

/** A place where a rule is broken. `line` starts at 1; 0 where the file as a whole is meant. */
export interface Finding {
  readonly path: string
  readonly line: number
  /** What is wrong and how to mend it. */
  readonly message: string
}

/** A rule looks at the repository and lists its findings. */
export type TidyRule = (repository: Repository) => readonly Finding[]

const neverOurs = ['.git', 'node_modules']

/** Reads what lies under `root`, without what its .gitignore names and without the paths that start with `skipped`. */
export function readRepository(root: string, skipped: readonly string[] = []): Repository {
  const ignored = readIgnored(root)
  const files = new Map<string, RepositoryFile>()
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (neverOurs.includes(entry.name) || skipped.some((prefix) => path.startsWith(prefix)) || ignored(path)) continue
      if (entry.isDirectory()) walk(path)
      else if (entry.isFile()) files.set(path, readFile(root, path))
    }
  }
  walk('')
  return { files: new Map([...files].toSorted(([left], [right]) => (left < right ? -1 : 1))) }
}

export function makeFile(path: string, text: string, bytes = Buffer.byteLength(text)): RepositoryFile {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return { path, text, lines, bytes }
}

/** Calls `visit` for each line of the files that `isMeant` accepts; what it returns becomes the finding's message. */
export function findLines(
  repository: Repository,
  isMeant: (file: RepositoryFile) => boolean,
  visit: (line: string, index: number, file: RepositoryFile) => string | undefined,
): readonly Finding[] {
  const findings: Finding[] = []
  for (const file of repository.files.values()) {
    if (!isMeant(file)) continue
    file.lines.forEach((line, index) => {
      const message = visit(line, index, file)
      if (message !== undefined) findings.push({ path: file.path, line: index + 1, message })
    })
  }
  return findings
}

function readFile(root: string, path: string): RepositoryFile {
  const bytes = readFileSync(join(root, path))
  return makeFile(path, bytes.includes(0) ? '' : bytes.toString('utf8'), statSync(join(root, path)).size)
}

/** The patterns that our .gitignore uses: `name/`, `/name/`, `*.ending`. */
function readIgnored(root: string): (path: string) => boolean {
  let text = ''
  try {
    text = readFileSync(join(root, '.gitignore'), 'utf8')
  } catch {
    return () => false
  }
  const patterns = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace(/\/$/, ''))
    .map((line) => (line.startsWith('/') ? line.slice(1) : `**/${line}`))
  return (path) => patterns.some((pattern) => matchesGlob(path, pattern))
}
