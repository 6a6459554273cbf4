// The certificate and the key of the public ports, read from their files at the start and again whenever they change: a renewed
// certificate needs no restart. What does not fit together is told in the log, and what was good before stays.

import { readFile } from 'node:fs/promises'
import { unwatchFile, watchFile } from 'node:fs'
import { createSecureContext } from 'node:tls'

import { FrostError } from '../base/errors.ts'
import type { Log } from '../ports/log.ts'

export interface TlsCredentials {
  /** PEM: the certificate, and those between it and the authority. */
  readonly cert: string
  /** PEM. */
  readonly key: string
}

export interface TlsFileNames {
  readonly cert: string
  readonly key: string
}

const lookEveryMs = 2_000

/** @throws FrostError `config-invalid`: a file cannot be read, or they do not fit together. */
export async function readTlsFiles(files: TlsFileNames): Promise<TlsCredentials> {
  try {
    const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')])
    createSecureContext({ cert, key })
    return { cert, key }
  } catch (error) {
    throw new FrostError('config-invalid', `${files.cert} and ${files.key} are no certificate with its key.`, {
      cause: error,
      remedy: 'Give files in PEM form that may be read, the certificate with --tls-cert, its key with --tls-key.',
    })
  }
}

/** Calls `onChange` with what the files hold after each change of one of them. */
export class TlsFileWatch {
  readonly #files: TlsFileNames
  readonly #log: Log
  readonly #onChange: (credentials: TlsCredentials) => void
  readonly #look = (): void => {
    readTlsFiles(this.#files).then(
      (credentials) => {
        this.#onChange(credentials)
        this.#log.info('The certificate was read again.', { file: this.#files.cert })
      },
      (error: unknown) => this.#log.error('The certificate has changed and is not used.', error),
    )
  }

  constructor(files: TlsFileNames, log: Log, onChange: (credentials: TlsCredentials) => void) {
    this.#files = files
    this.#log = log
    this.#onChange = onChange
    for (const file of [files.cert, files.key])
      watchFile(file, { interval: lookEveryMs, persistent: false }, this.#look)
  }

  close(): void {
    for (const file of [this.#files.cert, this.#files.key]) unwatchFile(file, this.#look)
  }
}
