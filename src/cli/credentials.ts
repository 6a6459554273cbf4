// By what a client command signs in: a token, or a user and its password. Secrets come from variables and files, never from the command
// line, which everybody on the machine can read.

import { readFile, stat } from 'node:fs/promises'

import { FrostError } from '../base/errors.ts'
import type { ClientConfig } from './config/options.ts'

export interface Credentials {
  readonly token?: string
  readonly user?: string
  readonly password?: string
}

const tokenFileBytesMax = 64 * 1024

/** @throws FrostError `config-invalid`. */
export async function loadCredentials(config: ClientConfig): Promise<Credentials> {
  const { token, tokenFile, user, password } = config
  const given = [token, tokenFile, user ?? password].filter((value) => value !== undefined)
  if (given.length > 1 || (user === undefined) !== (password === undefined)) {
    throw new FrostError('config-invalid', 'Several credentials are given, or half of one.', {
      remedy: 'Give one of token, token-file, or user with password.',
    })
  }
  if (user !== undefined && password !== undefined) return { user, password }
  if (token !== undefined) return { token }
  return tokenFile === undefined ? {} : { token: await readToken(tokenFile) }
}

/** The header that the client library sends of them; `undefined`: none. */
export function authorizationOf({ token, user, password }: Credentials): string | undefined {
  if (token !== undefined) return `Bearer ${token}`
  return user === undefined ? undefined : `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`
}

async function readToken(path: string): Promise<string> {
  try {
    if ((await stat(path)).size > tokenFileBytesMax) throw new Error('it is too long')
    const [token = ''] = (await readFile(path, 'utf8')).split('\n', 1)
    if (/^[\x21-\x7e]{1,4096}$/.test(token.trim())) return token.trim()
  } catch (error) {
    throw new FrostError('config-invalid', `The token file ${path} cannot be read.`, {
      cause: error,
      remedy: 'Check its name, and that it may be read.',
    })
  }
  throw new FrostError('config-invalid', `The first line of ${path} is no token.`, { remedy: 'Put the token there.' })
}
