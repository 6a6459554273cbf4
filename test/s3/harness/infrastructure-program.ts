// Terraform, or OpenTofu, which has the same backend: a folder with a configuration whose state lies in a bucket. Nothing is downloaded:
// the one resource is built into the program, and a provisioner of it lets a test hold an apply for as long as it wants.

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { eventually } from '../../harness/eventually.ts'
import type { ProgramResult } from '../../harness/programs.ts'
import type { ClientHome } from './client-programs.ts'

const holdMs = 60_000

/**
 * Why the program cannot be used, or false. No registry that this project installs from has it, and to build it takes minutes: where it is
 * not on the machine, its scenario is skipped in CI too.
 */
export function withoutProgram(name: string): string | false {
  const isThere = spawnSync(name, ['version'], { timeout: holdMs }).status === 0
  return isThere ? false : `${name} is not on this machine, and comes from no package registry`
}

/** Of `backend "s3"`: values as the configuration language has them. */
export type BackendSettings = Readonly<Record<string, string>>

/** An apply that is under way and holds the lock. */
export interface HeldApply {
  readonly child: ChildProcess
  /** It goes on, and ends. @returns its exit code. */
  readonly release: () => Promise<number | null>
}

export class InfrastructureProgram {
  readonly #home: ClientHome
  readonly #name: string
  readonly #folder: string

  private constructor(home: ClientHome, name: string, folder: string) {
    this.#home = home
    this.#name = name
    this.#folder = folder
  }

  /** In a folder of its own, initialised. */
  static async make(
    home: ClientHome,
    name: string,
    folder: string,
    backend: BackendSettings,
  ): Promise<InfrastructureProgram> {
    const program = new InfrastructureProgram(home, name, home.path(folder))
    await mkdir(home.path(folder))
    await program.#configure(backend)
    await program.must('init')
    return program
  }

  /** Other settings; the state moves. */
  async moveTo(backend: BackendSettings): Promise<void> {
    await this.#configure(backend)
    await this.must('init', '-migrate-state', '-force-copy')
  }

  async #configure(backend: BackendSettings): Promise<void> {
    const settings = Object.entries(backend).map(([setting, value]) => `    ${setting} = ${value}\n`)
    const text = `
terraform {
  backend "s3" {
${settings.join('')}  }
}
variable "text" { default = "first" }
variable "hold" { default = "" }
resource "terraform_data" "thing" {
  input            = var.text
  triggers_replace = var.text
  provisioner "local-exec" {
    command = var.hold == "" ? "true" : "touch \${var.hold}.begun; until [ -e \${var.hold}.released ]; do sleep 0.05; done"
  }
}
output "text" { value = terraform_data.thing.output }
`
    await writeFile(join(this.#folder, 'main.tf'), text)
  }

  async run(command: string, ...args: readonly string[]): Promise<ProgramResult> {
    return await this.#home.run(this.#name, this.#arguments(command, args))
  }

  async must(command: string, ...args: readonly string[]): Promise<string> {
    return await this.#home.must(this.#name, this.#arguments(command, args))
  }

  async apply(text: string, ...args: readonly string[]): Promise<void> {
    await this.must('apply', '-auto-approve', `-var=text=${text}`, ...args)
  }

  /** What the stored state gives as the output. */
  async output(): Promise<string> {
    return await this.must('output', '-raw', 'text')
  }

  /** Begins an apply, and returns once it has the lock and is at work. */
  async holdApply(text: string): Promise<HeldApply> {
    const hold = join(this.#folder, `hold-${text}`)
    const args = this.#arguments('apply', ['-auto-approve', `-var=text=${text}`, `-var=hold=${hold}`])
    const child = spawn(this.#name, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...this.#home.env } })
    const ended = once(child, 'exit')
    await eventually('the apply', holdMs, async () => existsSync(`${hold}.begun`) || undefined)
    const release = async (): Promise<number | null> => {
      await writeFile(`${hold}.released`, '')
      await ended
      return child.exitCode
    }
    return { child, release }
  }

  #arguments(command: string, args: readonly string[]): readonly string[] {
    const [first = '', ...rest] = command.split(' ')
    const takesInput = ['init', 'plan', 'apply', 'destroy'].includes(first)
    return [`-chdir=${this.#folder}`, first, ...rest, ...(takesInput ? ['-input=false', '-no-color'] : []), ...args]
  }
}
