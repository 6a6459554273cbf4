// What the dead-code check takes as used from outside: commands, tests, and code that runs in a process of its own.

import { existsSync } from 'node:fs'

import type { KnipConfig } from 'knip'

/** Until main puts the layers together, what one layer offers and nobody uses yet is not dead. */
const isPutTogether = existsSync('src/main.ts')

const config: KnipConfig = {
  entry: [
    'src/main*.ts',
    // What users of the client library import.
    'src/sdk/{index,node}.ts',
    'src/**/*.{test,conformance}.ts',
    'tools/*.ts',
    'tools/**/*.test.ts',
    'test/**/*.test.ts',
    'bench/*.ts',
    'bench/**/*.test.ts',
    'sim/run.ts',
    'sim/models/run.ts',
    'sim/**/*.test.ts',
    'examples/**/*.ts',
    // Started by path as a process of its own.
    'src/cli/bench/client-process.ts',
    'sim/driver/seed-process.ts',
    'test/guide/made-up-systemctl.ts',
    ...(isPutTogether ? [] : ['src/*/**/*.ts', 'sim/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts']),
  ],
  project: ['bin/**/*.js', '{src,test,tools,bench,sim}/**/*.ts', '!tools/fixtures/**', '!**/assembly/**'],
  ...(isPutTogether ? {} : { exclude: ['dependencies'] }),
  // A type that an exported interface names is exported with it, so that callers can name it too.
  ignoreExportsUsedInFile: { interface: true, type: true },
  // Programs of the machine that benchmarks and suites use where they are there.
  ignoreBinaries: [
    'docker-registry',
    'fusermount3',
    'gcc',
    'go',
    'nginx',
    'perf',
    'rclone',
    'restic',
    's3fs',
    'strace',
  ],
  // Run by path as programs: the type-aware half of oxlint, and the compiler of the kernels.
  ignoreDependencies: ['assemblyscript', 'oxlint-tsgolint'],
}

export default config
