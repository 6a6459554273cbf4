// The program: the command line, with what the serving commands do handed in. Each of those is loaded only where it runs, so that a
// worker does not carry the master's code, nor a client either.

import { readFileSync } from 'node:fs'

import { runCli } from './cli/run.ts'
import type { LogLevel } from './node/log.ts'
import type { RunningNode } from './node/node-process.ts'
import type { Log } from './ports/log.ts'

/** What is stored is for the owner's eyes only: who is asked for a password must not be able to read the file instead. */
const ownerOnly = 0o077

async function serve(logLevel: LogLevel, start: (log: Log) => Promise<RunningNode>): Promise<number> {
  process.umask(ownerOnly)
  const { createLog } = await import('./node/log.ts')
  const { dieOnDefects, runUntilStopped } = await import('./node/node-process.ts')
  const log = createLog({ level: logLevel })
  dieOnDefects(log)
  await runUntilStopped(await start(log), log)
  return 0
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const value: unknown = JSON.parse(text)
  const hasVersion = typeof value === 'object' && value !== null && 'version' in value
  return hasVersion && typeof value.version === 'string' ? value.version : 'unknown'
}

/** What a server that could not start has opened by then must not hold the process; it is left as by a crash, which is safe. */
function endServer(exitCode: number): number {
  if (process.argv[2] === 'master' || process.argv[2] === 'worker' || process.argv[2] === 'up') process.exit(exitCode)
  return exitCode
}

const exitCode = await runCli(process.argv.slice(2), {
  version: packageVersion(),
  backups: {
    backupMetadata: async (where) => await (await import('./main-backup.ts')).backupMetadata(where),
    restoreMetadata: async (where) => {
      process.umask(ownerOnly)
      return await (await import('./main-backup.ts')).restoreMetadata(where)
    },
  },
  handlers: {
    up: async (config) =>
      await serve(config.logLevel, async (log) => {
        const { startUp } = await import('./main-up.ts')
        const node = await startUp(config, log)
        const scheme = config.tlsCert === undefined ? 'http' : 'https'
        const { rest, s3 } = node.addresses
        const s3Line = s3 === undefined ? '' : `S3 endpoint: ${scheme}://${s3}\n`
        process.stdout.write(`FrostByte is ready: ${scheme}://${rest}\n${s3Line}`)
        return node
      }),
    master: async (config) =>
      await serve(config.logLevel, async () => {
        const { startMaster } = await import('./main-master.ts')
        return await startMaster(config)
      }),
    migrate: async (config, target) => {
      const { createLog } = await import('./node/log.ts')
      const { migrateMetadata } = await import('./main-migrate.ts')
      return await migrateMetadata(config, target, createLog({ level: config.logLevel }))
    },
    worker: async (config) =>
      await serve(config.logLevel, async () => {
        const { startWorker } = await import('./main-worker.ts')
        return await startWorker(config)
      }),
  },
})
process.exitCode = endServer(exitCode)
