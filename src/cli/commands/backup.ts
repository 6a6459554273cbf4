// `frostbyte backup-metadata` and `restore-metadata`: what of metadata the workers could not give back, to a file while masters run,
// and back. They work on the metadata itself (a data directory, or MongoDB), not through a master. What they do is put together elsewhere
// and handed in.

import { join, resolve } from 'node:path'

import type { Command } from 'commander'

import { withExamples } from '../command-config.ts'
import { OutputWriter } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { secretFileName } from '../../node/cluster-files.ts'
import { loadConfig } from '../config/load.ts'

export interface MetadataFile {
  /** Of the master; absolute. */
  readonly dataDirectory: string
  /** Of MongoDB, where the metadata lies there. */
  readonly metadataUrl: string | undefined
  /** Where a master would look for the secret; absolute. `undefined`: it was given as it is. */
  readonly secretFile: string | undefined
  /** The backup; absolute. */
  readonly file: string
}

export interface BackedUp {
  readonly rows: number
  readonly bytes: number
}

export interface Restored {
  /** The id of the cluster. */
  readonly cluster: string
  /** Whether a master that starts now has the secret of the cluster. */
  readonly hasSecret: boolean
}

export interface BackupHandlers {
  /** The file appears whole and synced, or not at all. @throws FrostError: no metadata there; the file exists; a damaged row. */
  backupMetadata(where: MetadataFile): Promise<BackedUp>
  /** @throws FrostError: a master runs there, or metadata is there already; the backup is damaged, or of another cluster. */
  restoreMetadata(where: MetadataFile): Promise<Restored>
}

interface BackupFlags {
  readonly data?: string
  readonly config?: string
  readonly json?: true
}

export function addBackupCommands(program: Command, context: CommandContext, handlers: BackupHandlers): void {
  const backup = program
    .command('backup-metadata')
    .description('write users, keys, grants, share links and buckets to a file, also while the master runs')
    .argument('<file>', 'file to write; it must not exist')
    .action(async (file: string, flags: BackupFlags) => {
      const { rows, bytes } = await handlers.backupMetadata(await locate(context, file, flags))
      const text = `Written: ${rows.toLocaleString('en-US')} rows, ${bytes.toLocaleString('en-US')} bytes.`
      await tell(context, flags, { file: resolve(context.environment.directory, file), rows, bytes }, [text])
    })
  withExamples(addFlags(backup), [['frostbyte backup-metadata --data /srv/frost /backup/metadata-1', 'every night']])
  const restore = program
    .command('restore-metadata')
    .description('begin metadata that was lost with what backup-metadata wrote, while the masters are stopped')
    .argument('<file>', 'what backup-metadata wrote')
    .action(async (file: string, flags: BackupFlags) => {
      const restored = await handlers.restoreMetadata(await locate(context, file, flags))
      await tell(context, flags, restored, describeRestored(restored))
    })
  withExamples(addFlags(restore), [
    ['frostbyte restore-metadata --data /srv/frost /backup/metadata-1', 'the newest one'],
  ])
}

function addFlags(command: Command): Command {
  return command
    .option('--json', 'print JSON, for programs')
    .option('--data <path>', 'data directory of the master (default: ./frostbyte-data)')
    .option('--config <path>', 'configuration file of the master (default: frostbyte.yaml in the current directory)')
}

/** The metadata is what a master with this configuration would use. */
async function locate({ environment }: CommandContext, file: string, flags: BackupFlags): Promise<MetadataFile> {
  const { variables, directory } = environment
  const given = (['data', 'config'] as const).flatMap((name) => {
    const value = flags[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const { dataDirectory, metadataUrl, secret, secretFile } = await loadConfig('master', {
    flags: new Map(given),
    variables,
    directory,
  })
  return {
    dataDirectory,
    metadataUrl,
    secretFile: secret === undefined ? (secretFile ?? join(dataDirectory, secretFileName)) : undefined,
    file: resolve(directory, file),
  }
}

function describeRestored({ cluster, hasSecret }: Restored): readonly string[] {
  return [
    `Restored the metadata of cluster ${cluster}. Files come from the workers.`,
    ...(hasSecret
      ? []
      : ['The secret of the cluster is missing: put it where the master looks for it (secret-file) before the start.']),
    'Start the master and all workers, then bring the files back: frostbyte rebuild-metadata',
  ]
}

async function tell(
  { environment }: CommandContext,
  { json }: BackupFlags,
  result: object,
  lines: readonly string[],
): Promise<void> {
  const writer = new OutputWriter(environment)
  if (json === true) await writer.text(`${JSON.stringify(result, undefined, 2)}\n`)
  else for (const line of lines) await writer.line(line)
  await writer.flush()
}
