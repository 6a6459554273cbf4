// Puts access control together: who may use this master, the first administrator, and where decisions are written down.

import { join } from 'node:path'

import { FrostError } from './base/errors.ts'
import { toHex } from './base/ids.ts'
import type { MasterConfig } from './cli/config/options.ts'
import { IamService } from './gateway/iam/iam-service.ts'
import { AccessControl } from './gateway/auth/access-control.ts'
import { Accounts } from './gateway/auth/accounts.ts'
import { Authenticator } from './gateway/auth/authenticator.ts'
import { FailedLogins } from './gateway/auth/failed-logins.ts'
import { Passwords } from './gateway/auth/passwords.ts'
import { SecretBox } from './gateway/auth/secret-box.ts'
import { ShareLinks } from './gateway/auth/share-links.ts'
import { isLoopbackName } from './gateway/http/origin-guard.ts'
import type { RestAccess } from './gateway/rest/access-parts.ts'
import type { MetadataStore } from './meta/metadata-store.ts'
import { AuditFile } from './node/audit-file.ts'
import { NodeVault } from './node/vault.ts'
import type { AuditLog } from './ports/audit.ts'
import type { Clock } from './ports/clock.ts'
import type { Compute } from './ports/compute.ts'
import type { Log } from './ports/log.ts'
import type { Random } from './ports/random.ts'

export interface AccessPorts {
  readonly clock: Clock
  readonly random: Random
  readonly compute: Compute
  readonly metadata: MetadataStore
  readonly log: Log
}

const firstAdministrator = 'admin'

export interface StartedAccess {
  readonly access: RestAccess
  /** IAM and STS, for the face of S3. */
  readonly iam: IamService
  /** Absent: decisions are not written down. */
  readonly audit: AuditLog | undefined
  /** What people are to be told once, on standard output, and nowhere else. */
  readonly notice: string | undefined
  /** Writes what waits for the audit log. */
  close(): Promise<void>
}

/**
 * @throws FrostError `config-invalid`: the configured administrator is none, or there is none where the master can be reached from
 * other machines.
 */
export async function startAccess(
  config: MasterConfig,
  ports: AccessPorts,
  secret: Uint8Array,
): Promise<StartedAccess> {
  const { clock, random, compute, metadata } = ports
  const vault = new NodeVault()
  const box = new SecretBox({ random, vault, compute }, secret)
  const passwords = new Passwords({ vault, random, compute })
  const failedLogins = new FailedLogins(clock)
  const authenticator = new Authenticator({ metadata, clock, compute, box, passwords, failedLogins })
  const accounts = new Accounts({ metadata, cache: authenticator.cache, clock, random, compute, box, passwords })
  const shareLinks = new ShareLinks({ metadata, clock, random, compute }, secret)
  const audit = openAudit(config, ports)
  const options = { isOpen: isOpen(config), auditReads: config.auditLog === 'all' }
  const control = new AccessControl({ authenticator, clock, audit }, options)
  const iam = new IamService({ metadata, accounts, control, clock, random, box })
  const notice = await findAdministrator(config, metadata, accounts)
  const access = { control, accounts, shareLinks, reads: metadata }
  return { access, iam, audit, notice, close: async () => audit?.close() }
}

function openAudit(
  { auditLog, auditLogBytes, dataDirectory }: MasterConfig,
  ports: AccessPorts,
): AuditFile | undefined {
  if (auditLog === 'off') return undefined
  const directory = join(dataDirectory, 'audit')
  return new AuditFile({
    directory,
    process: toHex(ports.random.bytes(4)),
    totalBytesMax: auditLogBytes,
    log: ports.log,
  })
}

/** On loopback everybody is let in who shows nothing, unless users are asked for; elsewhere only where that is asked for by name. */
function isOpen({ host, openAccess, requireUsers }: MasterConfig): boolean {
  return !requireUsers && (openAccess || isLoopbackName(host))
}

async function findAdministrator(
  config: MasterConfig,
  metadata: MetadataStore,
  accounts: Accounts,
): Promise<string | undefined> {
  const { rootUser, rootPassword, host, openAccess, committer } = config
  if ((rootUser === undefined) !== (rootPassword === undefined)) {
    throw new FrostError('config-invalid', 'An administrator needs both a name and a password.', {
      remedy: 'Give FROSTBYTE_ROOT_USER and FROSTBYTE_ROOT_PASSWORD, or neither.',
    })
  }
  if (committer !== undefined) return undefined // The process that commits has seen to it.
  if (rootUser !== undefined && rootPassword !== undefined) {
    await accounts.setRoot(rootUser, rootPassword)
    return undefined
  }
  if (await metadata.hasAdministrator()) return undefined
  const first = isLoopbackName(host) ? await accounts.createFirst(firstAdministrator) : undefined
  if (first !== undefined) {
    const { name, password } = first
    return `The first administrator is ${name}, with the password ${password} (also its S3 access key and secret). It is shown this once.\n`
  }
  if (openAccess || isOpen(config)) return undefined
  throw new FrostError('config-invalid', `The master would serve ${host}, and there is no administrator.`, {
    remedy:
      'Give FROSTBYTE_ROOT_USER and FROSTBYTE_ROOT_PASSWORD, bind to 127.0.0.1, or ask for open access by name with --open-access.',
  })
}
