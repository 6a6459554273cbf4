// All commands that are clients of a running server.

import type { Command } from 'commander'

import type { CommandContext } from '../command-context.ts'
import { addBenchCommand } from './bench.ts'
import { addGetCommand } from './get.ts'
import { addLsCommand } from './ls.ts'
import { addPutCommand } from './put.ts'
import { addRmCommand } from './rm.ts'
import { addStatCommand } from './stat.ts'
import { addStatusCommand } from './status.ts'

export function addClientCommands(program: Command, context: CommandContext): void {
  addPutCommand(program, context)
  addGetCommand(program, context)
  addLsCommand(program, context)
  addRmCommand(program, context)
  addStatCommand(program, context)
  addStatusCommand(program, context)
  addBenchCommand(program, context)
}
