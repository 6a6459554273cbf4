// Rules about package.json, its lock file and the test suites.

import { budgetMinutesMax, checkBudgetMinutes, findSuite, suiteNames } from '../suites.ts'
import type { Finding, Repository, RepositoryFile, TidyRule } from './repository.ts'

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly overrides?: Readonly<Record<string, string>>
}

interface Lock {
  readonly packages?: Readonly<Record<string, LockedPackage>>
}

interface LockedPackage {
  readonly resolved?: string
  readonly integrity?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

function readManifest(repository: Repository): Manifest {
  const file = repository.files.get('package.json')
  return file === undefined ? {} : (JSON.parse(file.text) as Manifest)
}

function lineOf(file: RepositoryFile | undefined, text: string): number {
  return (file?.lines.findIndex((line) => line.includes(text)) ?? -1) + 1
}

export const exactVersions: TidyRule = (repository) => {
  const { dependencies, devDependencies, overrides } = readManifest(repository)
  const file = repository.files.get('package.json')
  return Object.entries({ ...dependencies, ...devDependencies, ...overrides }).flatMap(([name, version]) =>
    /^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)
      ? []
      : [
          {
            path: 'package.json',
            line: lineOf(file, `"${name}"`),
            message: `${name}: ${version} is not exact. Remedy: name one version`,
          },
        ],
  )
}

/** Without hosts, with a checksum for each package, and with the packages of every platform. */
export const lockFile: TidyRule = (repository) => {
  const path = 'package-lock.json'
  const file = repository.files.get(path)
  if (file === undefined) return []
  const packages = (JSON.parse(file.text) as Lock).packages ?? {}
  const names = new Set(Object.keys(packages).map((place) => place.replace(/^.*node_modules\//, '')))
  const findings: Finding[] = []
  for (const [place, locked] of Object.entries(packages)) {
    if (place === '') continue
    const line = lineOf(file, `"${place}"`)
    if (locked.resolved !== undefined) {
      const message = `${place} names a host. Remedy: npm install with this folder’s .npmrc (omit-lockfile-registry-resolved)`
      findings.push({ path, line, message })
    }
    if (locked.integrity === undefined) {
      findings.push({ path, line, message: `${place} has no checksum. Remedy: make the lock file anew` })
    }
    const missing = Object.keys(locked.optionalDependencies ?? {}).filter((name) => !names.has(name))
    if (missing.length > 0) {
      const message = `${place}: ${missing.join(', ')} missing, so \`npm ci\` fails. Remedy: take a version that has them all`
      findings.push({ path, line, message })
    }
  }
  return findings
}

/** docs/dependencies.md has one line, `| \`name\` | reason |`, for each package, and for nothing else. */
export const dependencyReasons: TidyRule = (repository) => {
  const path = 'docs/dependencies.md'
  const { dependencies, devDependencies, overrides } = readManifest(repository)
  const wanted = Object.keys({ ...dependencies, ...devDependencies, ...overrides })
  const file = repository.files.get(path)
  const documented = (file?.lines ?? []).flatMap((line, index) => {
    const name = /^\| `([^`]+)` \| \S+ \S+/.exec(line)?.[1]
    return name === undefined ? [] : [{ name, line: index + 1 }]
  })
  const missing = wanted.filter((name) => !documented.some((entry) => entry.name === name))
  const stale = documented.filter((entry) => !wanted.includes(entry.name))
  return [
    ...missing.map((name) => ({
      path,
      line: 0,
      message: `no line of reason for ${name}. Remedy: add one to the table`,
    })),
    ...stale.map(({ name, line }) => ({
      path,
      line,
      message: `${name} is not in package.json. Remedy: delete the line`,
    })),
  ]
}

/** Each folder test/<suite>/ has a row in tools/suites.ts and a script, each row a folder, and the budgets fit. */
export const suites: TidyRule = (repository) => {
  const { scripts } = readManifest(repository)
  const folders = new Set(
    [...repository.files.keys()].flatMap((path) => /^test\/([^/]+)\/.*\.test\.ts$/.exec(path)?.[1] ?? []),
  )
  folders.delete('fast')
  const findings: Finding[] = []
  for (const name of folders) {
    const path = `test/${name}`
    if (findSuite(name) === undefined) {
      findings.push({ path, line: 0, message: 'no suite of this name. Remedy: a row with a budget in tools/suites.ts' })
    }
    if (scripts?.[`test:${name}`] !== `node tools/test.ts ${name}`) {
      const message = `no script runs it. Remedy: "test:${name}": "node tools/test.ts ${name}" in package.json`
      findings.push({ path, line: 0, message })
    }
  }
  for (const name of suiteNames()) {
    if (name === 'unit' || folders.has(name)) continue
    const message = `the suite ${name} has no test. Remedy: write test/${name}/*.test.ts, or delete the row`
    findings.push({ path: 'tools/suites.ts', line: 0, message })
  }
  return [...findings, ...checkBudgets(suiteNames().map((name) => findSuite(name)?.budgetMinutes ?? 0))]
}

export function checkBudgets(budgets: readonly number[]): readonly Finding[] {
  const sum = budgets.reduce((total, minutes) => total + minutes, checkBudgetMinutes)
  if (sum <= budgetMinutesMax) return []
  const message = `all budgets are ${sum} minutes. Remedy: ${budgetMinutesMax} at most, so that CI ends in time`
  return [{ path: 'tools/suites.ts', line: 0, message }]
}
