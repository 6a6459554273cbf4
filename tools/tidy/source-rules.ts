// Rules about source files: names, header comments, switched-off tests and silenced checks.

import { findLines } from './repository.ts'
import type { Finding, RepositoryFile, TidyRule } from './repository.ts'
import { isCode } from './text-rules.ts'

const headerFreeLinesMax = 40
const bytesMax = 512 * 1024
const emptyNames = ['common', 'helper', 'helpers', 'misc', 'util', 'utils']
const capitalNames = /^(README|ARCHITECTURE|CONTRIBUTING|CHANGELOG|SECURITY)\.md$|^(LICENSE|NOTICE|Dockerfile)$/

function isTest(file: RepositoryFile): boolean {
  return file.path.endsWith('.test.ts')
}

export const fileNames: TidyRule = (repository) => {
  const findings: Finding[] = []
  for (const { path, bytes } of repository.files.values()) {
    const report = (message: string): number => findings.push({ path, line: 0, message })
    const parts = path.split('/')
    const name = parts.at(-1) ?? ''
    // systemd's units for several instances end with @.
    if (!/^\.?[a-z0-9]+(-[a-z0-9]+)*@?(\.[a-z0-9-]+)*$/.test(name) && !capitalNames.test(name)) {
      report('the name is not in kebab-case. Remedy: lower-case words joined by hyphens')
    }
    const empty = parts.map((part) => part.split('.')[0] ?? '').find((part) => emptyNames.includes(part))
    if (empty !== undefined) report(`\`${empty}\` says nothing. Remedy: name the topic`)
    if (bytes > bytesMax) report(`${bytes} bytes. Remedy: keep files below ${bytesMax} bytes, or make them in a test`)
  }
  return findings
}

/** A file of interfaces alone says what it is in their comments. */
function hasLogic(file: RepositoryFile): boolean {
  return file.lines.some((line) => /^(export )?((async )?function|(abstract )?class|const|let) /.test(line))
}

export const headers: TidyRule = (repository) => {
  const findings: Finding[] = []
  for (const file of repository.files.values()) {
    if (!isCode(file) || isTest(file) || !hasLogic(file) || file.lines.length <= headerFreeLinesMax) continue
    const first = file.lines[0]?.startsWith('#!') === true ? file.lines[1] : file.lines[0]
    if (first?.startsWith('//') === true || first?.startsWith('/*') === true) continue
    const message = `${file.lines.length} lines without a header. Remedy: open with a comment: what, why, invariants, faults`
    findings.push({ path: file.path, line: 1, message })
  }
  return findings
}

/** A reason is a comment on the line or on the one before, or a text as the value of `skip`. */
export const switchedOff: TidyRule = (repository) =>
  findLines(repository, isTest, (line, index, file) => {
    if (/\b(test|it|describe|suite)\.only\(|\bonly: true\b/.test(line)) {
      return 'only one test runs. Remedy: delete `only`'
    }
    const isOff = /\b(test|it|describe|suite|t)\.(skip|todo)\(|\b(skip|todo): true\b/.test(line)
    const isExplained = /\/\/ \S+ \S+/.test(line) || /^\s*\/\/ \S+ \S+/.test(file.lines[index - 1] ?? '')
    return isOff && !isExplained
      ? 'a test that does not run. Remedy: give the reason beside it, or delete it'
      : undefined
  })

export const silenced: TidyRule = (repository) =>
  findLines(repository, isCode, (line) =>
    /\b(oxlint|eslint)-disable/.test(line) && !/-disable(-next-line|-line)? [^-\s].* -- \S+ \S+/.test(line)
      ? 'a silenced rule. Remedy: name the rule and the reason: `// oxlint' + '-disable-next-line RULE -- reason`'
      : undefined,
  )
