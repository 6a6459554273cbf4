// The tidy check: what no other tool looks at (tools/tidy/rules.ts). Prints `path:line rule: what, and the remedy`.

import { join } from 'node:path'

import { readRepository } from './tidy/repository.ts'
import { tidyRules } from './tidy/rules.ts'

const repository = readRepository(join(import.meta.dirname, '..'), ['tools/fixtures/', 'bench/results/'])
const findings = Object.entries(tidyRules).flatMap(([name, rule]) =>
  rule(repository).map(({ path, line, message }) => `${path}${line > 0 ? `:${line}` : ''} ${name}: ${message}\n`),
)
process.stdout.write(findings.join(''))
process.exitCode = findings.length === 0 ? 0 : 1
