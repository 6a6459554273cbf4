// The command line as a process of its own, for its tests: servers only tell what they would be started with.

import { runCli } from '../../../src/cli/run.ts'

function tell(role: string): (config: object) => Promise<void> {
  return async (config) => {
    process.stdout.write(`${JSON.stringify({ role, config })}\n`)
  }
}

process.exitCode = await runCli(process.argv.slice(2), {
  handlers: { up: tell('up'), master: tell('master'), worker: tell('worker'), migrate: tell('migrate') },
  version: '1.2.3',
})
