// Programs that speak S3, run as a person runs them: in a home folder of their own, so that nothing on the machine changes what they
// do, and with the environment variables that most of them read.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { runProgram } from '../../harness/programs.ts'
import type { ProgramResult } from '../../harness/programs.ts'
import type { S3Endpoint } from './endpoint.ts'

/** The variable by which a client learns which authority to trust; nothing over http. */
export function trusting(name: string, { caFile }: S3Endpoint): Readonly<Record<string, string>> {
  return caFile === undefined ? {} : { [name]: caFile }
}

export class ClientHome {
  readonly folder: string
  /** All that a client sees of the machine's. */
  readonly env: Readonly<Record<string, string>>

  private constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.folder = folder
    this.env = env
  }

  static async make(endpoint: S3Endpoint, own: Readonly<Record<string, string>> = {}): Promise<ClientHome> {
    const folder = await mkdtemp(join(tmpdir(), 'frostbyte-client-'))
    const { accessKey, secretKey, region, url } = endpoint
    return new ClientHome(folder, {
      PATH: process.env['PATH'] ?? '',
      LANG: 'C.UTF-8',
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, '.config'),
      XDG_CACHE_HOME: join(folder, '.cache'),
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: secretKey,
      AWS_DEFAULT_REGION: region,
      AWS_ENDPOINT_URL: url,
      // No client looks for a machine of the provider's.
      AWS_EC2_METADATA_DISABLED: 'true',
      ...own,
    })
  }

  /** A file or folder of this client. */
  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts)
  }

  async run(name: string, args: readonly string[], input?: string): Promise<ProgramResult> {
    return await runProgram(name, args, { env: this.env, isIsolated: true, ...(input === undefined ? {} : { input }) })
  }

  /** What it printed; fails where the program fails. */
  async must(name: string, args: readonly string[], input?: string): Promise<string> {
    const { status, stdout, stderr } = await this.run(name, args, input)
    assert.equal(
      status,
      0,
      `${name} ${args.join(' ')} ended with ${status}:\n${stdout.slice(-3000)}\n${stderr.slice(-6000)}`,
    )
    return stdout
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
