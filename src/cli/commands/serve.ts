// `frostbyte up`, `master` and `worker`: what their flags are and mean. What they do is put together elsewhere and handed in, because
// it stands above everything that the command line may know.

import { Option } from 'commander'
import type { Command } from 'commander'

import { loadRoleConfig, withExamples } from '../command-config.ts'
import { addConfigFlags } from '../config/flags.ts'
import type { MasterConfig, MigrateConfig, UpConfig, WorkerConfig } from '../config/options.ts'
import type { CliEnvironment } from '../environment.ts'

/** Each resolves when the server has ended in good order, to what the process ends with (nothing: 0). It handles signals itself. */
export interface ServerHandlers {
  up(config: UpConfig): Promise<number | void>
  master(config: MasterConfig): Promise<number | void>
  worker(config: WorkerConfig): Promise<number | void>
  /** No server, but what a server stores. Resolves to a sentence that says what was done. */
  migrate(config: MigrateConfig, target: MigrateTarget): Promise<string | void>
}

/** Where the metadata goes. */
export type MigrateTarget = 'mongodb' | 'directory'

/** Told what the server's process ends with. */
export type OnServerEnd = (exitCode: number) => void

export interface ServeParts {
  readonly environment: CliEnvironment
  readonly handlers: ServerHandlers
  readonly onEnd: OnServerEnd
}

export function addServeCommands(program: Command, parts: ServeParts): void {
  addUpCommand(program, parts)
  addMasterCommand(program, parts)
  addWorkerCommand(program, parts)
  addMigrateCommand(program, parts)
}

function addUpCommand(program: Command, { environment, handlers, onEnd }: ServeParts): void {
  const command = program
    .command('up')
    .description('run a whole cluster on this machine')
    .action(async () => onEnd((await handlers.up(await loadRoleConfig('up', command, environment))) ?? 0))
  withExamples(addConfigFlags(command, 'up'), [
    ['frostbyte up', 'a master and five workers, data in ./frostbyte-data'],
    ['frostbyte up --workers 8 --scheme 5+3', 'any three of eight can be lost'],
    ['frostbyte up --data /srv/frost --port 80', 'elsewhere'],
  ])
}

function addMasterCommand(program: Command, { environment, handlers, onEnd }: ServeParts): void {
  const command = program
    .command('master')
    .description('run a master: metadata, placement and the public interfaces')
    .action(async () => onEnd((await handlers.master(await loadRoleConfig('master', command, environment))) ?? 0))
  withExamples(addConfigFlags(command, 'master'), [
    ['frostbyte master --data /srv/frost', 'for workers on this machine'],
    ['frostbyte master --host 10.0.0.1 --open-access', 'for workers and clients of a network that is trusted'],
  ])
}

function addWorkerCommand(program: Command, { environment, handlers, onEnd }: ServeParts): void {
  const command = program
    .command('worker')
    .description('run a worker: it stores what the masters send')
    .action(async () => onEnd((await handlers.worker(await loadRoleConfig('worker', command, environment))) ?? 0))
  withExamples(addConfigFlags(command, 'worker'), [
    ['frostbyte worker --master 10.0.0.1:7000 --host 10.0.0.2 --secret-file secret', 'on another machine'],
    ['frostbyte worker --port 7009 --data disk9 --capacity 500GiB --secret-file secret', 'one more on this machine'],
  ])
}

function addMigrateCommand(program: Command, { environment, handlers }: ServeParts): void {
  const target = new Option('--to <store>', 'where it goes').choices(['mongodb', 'directory']).makeOptionMandatory()
  const command = program
    .command('migrate-metadata')
    .description('move the metadata between the data directory and MongoDB, while no master runs')
    .addOption(target)
    .action(async ({ to }: { readonly to: MigrateTarget }) => {
      const config = await loadRoleConfig('migrate', command, environment)
      const done = await handlers.migrate(config, to)
      if (typeof done === 'string') await environment.stdout.write(`${done}\n`)
    })
  withExamples(addConfigFlags(command, 'migrate'), [
    ['frostbyte migrate-metadata --to mongodb', 'to the database that FROSTBYTE_METADATA_URL names'],
    ['frostbyte migrate-metadata --to directory', 'and back'],
  ])
}
