// All tidy rules by the name under which they report and under which their fixture lies in tools/fixtures/tidy/.

import { decisions, links, mapped, reachable } from './document-rules.ts'
import { dependencyReasons, exactVersions, lockFile, suites } from './package-rules.ts'
import type { TidyRule } from './repository.ts'
import { fileNames, headers, silenced, switchedOff } from './source-rules.ts'
import { doubleCast, lineLength, machine, unfinished, whitespace } from './text-rules.ts'

export const tidyRules: Readonly<Record<string, TidyRule>> = {
  'decisions': decisions,
  'dependency-reasons': dependencyReasons,
  'double-cast': doubleCast,
  'exact-versions': exactVersions,
  'file-names': fileNames,
  'headers': headers,
  'line-length': lineLength,
  'links': links,
  'lock-file': lockFile,
  'machine': machine,
  'mapped': mapped,
  'reachable': reachable,
  'silenced': silenced,
  'suites': suites,
  'switched-off': switchedOff,
  'unfinished': unfinished,
  'whitespace': whitespace,
}
