// Rules about documents: every one can be reached, every link leads somewhere, every decision record is complete.

import { posix } from 'node:path'

import type { Finding, Repository, RepositoryFile, TidyRule } from './repository.ts'

interface Link {
  readonly file: RepositoryFile
  readonly line: number
  /** Relative to the repository's root. */
  readonly target: string
}

function isDocument(file: RepositoryFile): boolean {
  return file.path.endsWith('.md')
}

/** Relative links in `[text](target)`; code spans and fenced code hold none. */
function listLinks(repository: Repository): readonly Link[] {
  const links: Link[] = []
  for (const file of [...repository.files.values()].filter(isDocument)) {
    let isFenced = false
    file.lines.forEach((text, index) => {
      if (/^\s*```/.test(text)) isFenced = !isFenced
      if (isFenced) return
      for (const match of text.replaceAll(/`[^`]*`/g, '`').matchAll(/\]\(([^)\s]+)\)/g)) {
        const [place = ''] = (match[1] ?? '').split('#')
        if (place === '' || /^[a-z]+:/.test(place)) continue
        links.push({ file, line: index + 1, target: posix.join(posix.dirname(file.path), place).replace(/\/$/, '') })
      }
    })
  }
  return links
}

export const links: TidyRule = (repository) =>
  listLinks(repository).flatMap(({ file, line, target }) => {
    const exists =
      repository.files.has(target) || [...repository.files.keys()].some((path) => path.startsWith(`${target}/`))
    return exists ? [] : [{ path: file.path, line, message: `no file ${target}. Remedy: mend the link` }]
  })

export const reachable: TidyRule = (repository) => {
  const targets = new Set(listLinks(repository).flatMap(({ file, target }) => (file.path === target ? [] : [target])))
  return [...repository.files.values()]
    .filter((file) => isDocument(file) && file.path.startsWith('docs/') && file.path !== 'docs/README.md')
    .filter((file) => !targets.has(file.path) && !targets.has(posix.dirname(file.path)))
    .map(({ path }) => ({ path, line: 0, message: 'nothing links to it. Remedy: a line in docs/README.md' }))
}

const decisionParts = ['## Context', '## Choice', '## Alternatives', '## Consequences']

export const decisions: TidyRule = (repository) => {
  const findings: Finding[] = []
  const numbers = new Map<string, string>()
  for (const { path, lines } of repository.files.values()) {
    const name = /^docs\/adr\/(.+)$/.exec(path)?.[1]
    if (name === undefined || name === 'README.md') continue
    const number = /^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1]
    if (number === undefined) {
      findings.push({ path, line: 0, message: 'Remedy: call a decision record docs/adr/NNNN-what-was-chosen.md' })
      continue
    }
    const other = numbers.get(number)
    if (other !== undefined)
      findings.push({ path, line: 0, message: `${other} has this number. Remedy: take the next` })
    numbers.set(number, path)
    const missing = decisionParts.filter((part) => !lines.includes(part))
    if (missing.length > 0) {
      findings.push({ path, line: 0, message: `no ${missing.join(', ')}. Remedy: docs/adr/README.md has the form` })
    }
  }
  return findings
}

/** Each folder of src/ and each at the root (but `.ci`) has its line in ARCHITECTURE.md. */
export const mapped: TidyRule = (repository) => {
  const map = repository.files.get('ARCHITECTURE.md')
  if (map === undefined) return []
  const folders = new Set<string>()
  for (const path of repository.files.keys()) {
    const [first = '', second = '', third] = path.split('/')
    if (second !== '' && !first.startsWith('.')) folders.add(first)
    if (first === 'src' && third !== undefined) folders.add(`src/${second}`)
  }
  return [...folders]
    .filter((folder) => !map.text.includes(`\`${folder}\``) && !map.text.includes(`\`${folder}/`))
    .map((folder) => ({
      path: 'ARCHITECTURE.md',
      line: 0,
      message: `\`${folder}\` is not on the map. Remedy: add its line`,
    }))
}
