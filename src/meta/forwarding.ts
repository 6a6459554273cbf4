// Several processes share one embedded store: one commits, the others send it their mutations. Both ends of that are here. What
// carries the messages is a narrow channel, so that nothing here knows of connections.
//
// Message: u8 version 1 | plain data (encoding/plain-value.ts): [name of the mutation, command].
// Answer: u8 version 1 | plain data: ['done', result] or ['failed', code, message, remedy, retryAfterSeconds].
//
// A channel that breaks leaves open whether the message arrived, and says `outcome-unknown`: the caller repeats the command, by
// then perhaps to another committer, and each command recognises what has happened already (contract/conventions.ts).

import { FrostError, errorCode, isErrorCode } from '../base/errors.ts'
import { isCommand } from './command-fields.ts'
import { decodePlain, encodePlain } from './encoding/plain-value.ts'
import type { PlainValue } from './encoding/plain-value.ts'
import { isMutationName } from './mutations.ts'
import type { MutationCommand, MutationName, MutationResult, MutationRunner } from './mutations.ts'

const version = 1

/** The way to the process that commits. */
export interface CommandChannel {
  /**
   * Sends one message and resolves to its answer; many may be under way at once. Neither side keeps the bytes.
   * @throws FrostError `metadata-unavailable`: it was certainly not sent. Any other error: it may have arrived.
   */
  send(message: Uint8Array): Promise<Uint8Array>
  /** Can be called twice. */
  close(): Promise<void>
}

/** Sends mutations over a channel. */
export class ForwardingRunner implements MutationRunner {
  readonly #channel: CommandChannel

  constructor(channel: CommandChannel) {
    this.#channel = channel
  }

  async run<Name extends MutationName>(name: Name, command: MutationCommand<Name>): Promise<MutationResult<Name>> {
    const message = encodeMessage([name, command])
    const answer = await this.#send(message)
    const [outcome, ...rest] = answer
    if (outcome === 'done') return rest[0] as MutationResult<Name>
    throw toError(rest)
  }

  async close(): Promise<void> {
    await this.#channel.close()
  }

  async #send(message: Uint8Array): Promise<readonly PlainValue[]> {
    try {
      return decodeMessage(await this.#channel.send(message))
    } catch (error) {
      if (errorCode(error) === 'metadata-unavailable') throw error
      throw new FrostError('outcome-unknown', 'The answer of the committing process was lost.', { cause: error })
    }
  }
}

/**
 * What the committing process does with a message: runs the command, and resolves to the answer once it is durable. Never rejects.
 */
export async function answerCommand(runner: MutationRunner, message: Uint8Array): Promise<Uint8Array> {
  try {
    const [name, command] = decodeMessage(message)
    if (typeof name !== 'string' || !isMutationName(name))
      throw new FrostError('version-unsupported', 'The committing process does not know this command.')
    if (!isCommand(name, command))
      throw new FrostError('version-unsupported', `The committing process does not understand this ${name}.`)
    const result = await runner.run(name, command)
    return encodeMessage(['done', result])
  } catch (error) {
    return encodeMessage(['failed', ...fromError(error)])
  }
}

function encodeMessage(content: readonly unknown[]): Uint8Array<ArrayBuffer> {
  const value = encodePlain(content)
  const message = new Uint8Array(1 + value.length)
  message[0] = version
  message.set(value, 1)
  return message
}

function decodeMessage(message: Uint8Array): readonly PlainValue[] {
  if (message[0] !== version)
    throw new FrostError('version-unsupported', `The other process speaks version ${message[0]} of metadata commands.`)
  const content = decodePlain(message.subarray(1))
  return isList(content) ? content : []
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value)
}

function fromError(error: unknown): readonly PlainValue[] {
  if (error instanceof FrostError) return [error.code, error.message, error.remedy, error.retryAfterSeconds]
  // A defect: the sender learns that its command failed, and whoever reads its log learns how.
  return ['internal', error instanceof Error ? `${error.name}: ${error.message}` : 'The command failed.']
}

function toError([code, message, remedy, retryAfterSeconds]: readonly PlainValue[]): FrostError {
  if (typeof code !== 'string' || !isErrorCode(code) || typeof message !== 'string')
    return new FrostError('outcome-unknown', 'The answer of the committing process is not understood.')
  return new FrostError(code, message, {
    ...(typeof remedy === 'string' ? { remedy } : {}),
    ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
  })
}
