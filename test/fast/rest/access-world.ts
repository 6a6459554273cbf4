// Access control for a REST face under test: metadata in memory, passwords that cost little, and users to send requests as.

import { MemoryKeyValue, MemoryMap } from '../../../sim/ports/key-value.ts'
import { clusterIdFromBytes } from '../../../src/base/ids.ts'
import { IamService } from '../../../src/gateway/iam/iam-service.ts'
import { AccessControl } from '../../../src/gateway/auth/access-control.ts'
import { Accounts } from '../../../src/gateway/auth/accounts.ts'
import { KeyRing } from '../../../src/gateway/encryption/key-ring.ts'
import { accountId } from '../../../src/gateway/policy/arn.ts'
import type { AuditEntry } from '../../../src/ports/audit.ts'
import { Authenticator } from '../../../src/gateway/auth/authenticator.ts'
import { failedLoginLimits, FailedLogins } from '../../../src/gateway/auth/failed-logins.ts'
import { Passwords } from '../../../src/gateway/auth/passwords.ts'
import { SecretBox } from '../../../src/gateway/auth/secret-box.ts'
import { ShareLinks } from '../../../src/gateway/auth/share-links.ts'
import type { RestAccess } from '../../../src/gateway/rest/access-parts.ts'
import { KeyValueMetadata, LocalRunner } from '../../../src/meta/key-value-metadata.ts'
import { NodeClock } from '../../../src/node/clock.ts'
import { NodeCompute } from '../../../src/node/compute.ts'
import { NodeRandom } from '../../../src/node/random.ts'
import { NodeVault } from '../../../src/node/vault.ts'
import type { Clock } from '../../../src/ports/clock.ts'

export interface AccessWorldOptions {
  readonly clock?: Clock
  /** Default: users are required. */
  readonly isOpen?: boolean
  readonly auditReads?: boolean
  /** Wrong credentials are never too many. */
  readonly isPatient?: boolean
}

/** What a process has: the face of S3 has IAM as well. */
export interface TestAccess extends RestAccess {
  readonly iam: IamService
  readonly keys: KeyRing
}

export class AccessWorld {
  readonly access: TestAccess
  readonly metadata: KeyValueMetadata
  readonly audited: AuditEntry[]
  /** A second process over the same metadata, with a cache of its own. */
  readonly elsewhere: TestAccess

  private constructor(
    metadata: KeyValueMetadata,
    audited: AuditEntry[],
    processes: { here: TestAccess; elsewhere: TestAccess },
  ) {
    this.metadata = metadata
    this.audited = audited
    this.access = processes.here
    this.elsewhere = processes.elsewhere
  }

  static async open(options: AccessWorldOptions = {}): Promise<AccessWorld> {
    const clock = options.clock ?? new NodeClock()
    const keyValue = new MemoryKeyValue({ map: new MemoryMap() })
    await keyValue.claim()
    const metadata = new KeyValueMetadata(keyValue, new LocalRunner(keyValue))
    await metadata.createCluster({
      cluster: clusterIdFromBytes(new Uint8Array(16)),
      history: 'a'.repeat(32),
      defaultScheme: { dataColumns: 3, parityColumns: 2 },
      defaultChunkSizeBytes: 10_240,
      createdMs: clock.wallMs(),
    })
    const audited: AuditEntry[] = []
    const open = (): TestAccess => openProcess(metadata, clock, audited, options)
    return new AccessWorld(metadata, audited, { here: open(), elsewhere: open() })
  }
}

function openProcess(
  metadata: KeyValueMetadata,
  clock: Clock,
  audited: AuditEntry[],
  { isOpen = false, auditReads = false, isPatient = false }: AccessWorldOptions,
): TestAccess {
  const [compute, random, vault] = [new NodeCompute(), new NodeRandom(), new NodeVault()]
  const secret = new Uint8Array(32).fill(7)
  const box = new SecretBox({ random, vault, compute }, secret)
  const passwords = new Passwords({ vault, random, compute }, { memoryKib: 8, passes: 1, parallelism: 1 })
  const attempts = { attemptsMax: 1_000_000, refillMs: 1 }
  const limits = isPatient ? { address: attempts, account: attempts, entriesMax: 100 } : failedLoginLimits
  const failedLogins = new FailedLogins(clock, limits)
  const authenticator = new Authenticator({ metadata, clock, compute, box, passwords, failedLogins })
  const accounts = new Accounts({ metadata, cache: authenticator.cache, clock, random, compute, box, passwords })
  const shareLinks = new ShareLinks({ metadata, clock, random, compute }, secret)
  const audit = { write: (entry: AuditEntry): void => void audited.push(entry) }
  const control = new AccessControl({ authenticator, clock, audit }, { isOpen, auditReads })
  const iam = new IamService({ metadata, accounts, control, clock, random, box })
  const names = { region: 'us-east-1', account: accountId }
  const keys = new KeyRing({ metadata, clock, compute, random, vault }, secret, names)
  return { control, accounts, shareLinks, reads: metadata, iam, keys }
}

/** The header that shows a user with its password, or an access key with its secret. */
export function basic(name: string, secret: string): { readonly Authorization: string } {
  return { Authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}` }
}

export function bearer(token: string): { readonly Authorization: string } {
  return { Authorization: `Bearer ${token}` }
}
