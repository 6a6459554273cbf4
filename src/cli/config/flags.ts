// The options of a role as flags of a command, and back: a configuration as flags for a process that is started with it.

import { Option as Flag } from 'commander'
import type { Command } from 'commander'

import { defaultText } from './option.ts'
import type { AnyOption, ConfigOf, Role } from './option.ts'
import { options } from './options.ts'

/** Values stay texts here: the configuration reads them, and knows what counts over what. */
export function addConfigFlags(command: Command, role: Role): Command {
  for (const option of optionsOf(role)) command.addOption(toFlag(option, role))
  for (const option of optionsOf(role)) {
    if (option.alias !== undefined) command.addOption(toAlias(option, option.alias))
    if (option.kind.placeholder === undefined) command.addOption(new Flag(`--no-${option.name}`).hideHelp())
  }
  return command.option('--config <path>', 'configuration file (default: frostbyte.yaml in the current directory)')
}

/** What the command line said of the role's options, by their names. */
export function flagsGiven(command: Command, role: Role): ReadonlyMap<string, string> {
  const given = new Map<string, string>()
  const parsed = command.opts<Record<string, unknown>>()
  const take = (name: string, as: string): void => {
    const value = parsed[toAttribute(as)]
    if (typeof value === 'string' || typeof value === 'boolean') given.set(name, String(value))
  }
  for (const option of optionsOf(role)) {
    if (option.alias !== undefined) take(option.name, option.alias)
    take(option.name, option.name)
  }
  take('config', 'config')
  return given
}

/**
 * The flags that give a process of `role` these values, whatever its variables and file say. What has no value is left out, and so is
 * what the role does not read.
 */
export function toFlags<R extends Role>(role: R, values: Partial<ConfigOf<typeof options, R>>): readonly string[] {
  const flags: string[] = []
  const given: ReadonlyMap<string, unknown> = new Map(Object.entries(values))
  for (const [key, option] of Object.entries<AnyOption>(options)) {
    const value = given.get(key)
    if (value === undefined || !option.roles.includes(role) || !option.sources.includes('flag')) continue
    if (option.kind.placeholder !== undefined) flags.push(`--${option.name}`, option.kind.format(value))
    else if (value === true) flags.push(`--${option.name}`)
    else flags.push(`--no-${option.name}`)
  }
  return flags
}

function optionsOf(role: Role): readonly AnyOption[] {
  return Object.values<AnyOption>(options).filter(
    (option) => option.roles.includes(role) && option.sources.includes('flag'),
  )
}

function toFlag(option: AnyOption, role: Role): Flag {
  const { kind, name } = option
  const value = kind.placeholder === undefined ? '' : ` <${kind.placeholder}>`
  const text = defaultText(option, role)
  const fallback = text === undefined || kind.placeholder === undefined ? '' : ` (default: ${text})`
  const flag = new Flag(`--${name}${value}`, `${firstLower(option.summary.replace(/\.$/, ''))}${fallback}`)
  return option.isHidden ? flag.hideHelp() : flag
}

function toAlias(option: AnyOption, alias: string): Flag {
  return new Flag(`--${alias} <${option.kind.placeholder ?? ''}>`, `the same as --${option.name}`).hideHelp()
}

function firstLower(text: string): string {
  return /^[A-Z][a-z ]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}

function toAttribute(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
