// `frostbyte certs`: a certificate authority and a server's certificate, for development.

import { resolve } from 'node:path'

import type { Command } from 'commander'

import { withExamples } from '../command-config.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../failure.ts'

interface CertsFlags {
  readonly out: string
  readonly days: string
  readonly json?: true
}

const daysMax = 3_650
const hostsMax = 64

export function addCertsCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('certs')
    .description('make a certificate authority for development, and a certificate for a server')
    .argument('[host...]', 'names and addresses of the server (default: localhost, 127.0.0.1 and ::1)')
    .option('--out <path>', 'directory of the files; an authority that is there is used again', 'certs')
    .option('--days <n>', `how long the server’s certificate is valid, 1 to ${daysMax}`, '397')
    .option('--json', 'print JSON, for programs')
    .action(async (hosts: readonly string[], flags: CertsFlags) => makeFiles(context, hosts, flags))
  withExamples(command, [
    ['frostbyte certs', 'for this machine, into ./certs'],
    ['frostbyte certs files.example 10.0.0.1', 'for a server of these names'],
  ])
}

async function makeFiles(context: CommandContext, given: readonly string[], flags: CertsFlags): Promise<void> {
  const { environment } = context
  const days = /^[1-9]\d{0,3}$/.test(flags.days) ? Number(flags.days) : Number.NaN
  if (!(days <= daysMax)) throw new UsageError(`--days: "${flags.days}" must be a whole number from 1 to ${daysMax}.`)
  const hosts = given.length === 0 ? ['localhost', '127.0.0.1', '::1'] : given
  const wrong = hosts.find(
    (host) => !/^(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$|^[0-9A-Fa-f:.]{2,45}$/.test(host),
  )
  if (wrong !== undefined || hosts.length > hostsMax)
    throw new UsageError(`"${wrong ?? ''}" is no name or address of a server.`)
  const { makeCerts } = await import('../../node/certs.ts')
  const directory = resolve(environment.directory, flags.out)
  const files = await makeCerts({ directory, hosts, days, nowMs: environment.wallMs() })
  const { caCert, cert, key, isCaKept } = files
  const authority = `${isCaKept ? 'kept' : 'made'} ${caCert}: clients trust it with --ca-file`
  const server = `made ${cert} and ${key}: the server takes them as --tls-cert and --tls-key`
  await environment.stdout.write(flags.json === true ? `${JSON.stringify(files)}\n` : `${authority}\n${server}\n`)
}
