// All commands that do not serve: clients of a running server, and what works on a data directory.

import type { Command } from 'commander'

import type { CommandContext } from '../command-context.ts'
import { addBackupCommands } from './backup.ts'
import type { BackupHandlers } from './backup.ts'
import { addBenchCommand } from './bench.ts'
import { addBucketCommand } from './bucket.ts'
import { addCertsCommand } from './certs.ts'
import { addDrainCommand } from './drain.ts'
import { addEncryptionKeyCommand } from './encryption-key.ts'
import { addForgetCommand } from './forget.ts'
import { addGetCommand } from './get.ts'
import { addGrantCommand } from './grant.ts'
import { addKeyCommand } from './key.ts'
import { addLsCommand } from './ls.ts'
import { addPutCommand } from './put.ts'
import { addRebuildMetadataCommand } from './rebuild-metadata.ts'
import { addRepairCommand } from './repair.ts'
import { addRmCommand } from './rm.ts'
import { addScrubCommand } from './scrub.ts'
import { addShareCommand } from './share.ts'
import { addStatCommand } from './stat.ts'
import { addStatusCommand } from './status.ts'
import { addTokenCommand } from './token.ts'
import { addUserCommand } from './user.ts'
import { addVerifyCommand } from './verify.ts'

export function addClientCommands(program: Command, context: CommandContext, backups?: BackupHandlers): void {
  addPutCommand(program, context)
  addGetCommand(program, context)
  addLsCommand(program, context)
  addRmCommand(program, context)
  addStatCommand(program, context)
  addStatusCommand(program, context)
  addDrainCommand(program, context)
  addForgetCommand(program, context)
  addRepairCommand(program, context)
  addScrubCommand(program, context)
  addVerifyCommand(program, context)
  addRebuildMetadataCommand(program, context)
  addBucketCommand(program, context)
  addUserCommand(program, context)
  addKeyCommand(program, context)
  addTokenCommand(program, context)
  addGrantCommand(program, context)
  addShareCommand(program, context)
  addEncryptionKeyCommand(program, context)
  if (backups !== undefined) addBackupCommands(program, context, backups)
  addCertsCommand(program, context)
  addBenchCommand(program, context)
}
