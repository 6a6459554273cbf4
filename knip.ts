// What the dead-code check takes as used from outside: commands, tests, and code that runs in a process of its own.

import type { KnipConfig } from 'knip'

const config: KnipConfig = {
  entry: [
    'src/main*.ts',
    'src/**/*.{test,conformance}.ts',
    'tools/*.ts',
    'tools/**/*.test.ts',
    'test/**/*.test.ts',
    'bench/**/*.ts',
    'sim/**/*.ts',
    'examples/**/*.ts',
    // While the layers grow: what one layer offers, another one will use.
    'src/*/**/*.ts',
  ],
  project: ['bin/**/*.js', '{src,test,tools,bench,sim}/**/*.ts', '!tools/fixtures/**', '!**/assembly/**'],
  // While the layers grow: packages that the plan names come before the code that uses them.
  exclude: ['dependencies'],
  // Programs of the machine that benchmarks and suites use where they are there.
  ignoreBinaries: ['gcc', 'nginx', 'perf', 'strace'],
  // Used by npm scripts through their commands, or put first on the path (docs/dependencies.md).
  ignoreDependencies: ['oxlint-tsgolint'],
}

export default config
