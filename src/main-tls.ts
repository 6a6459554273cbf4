// The certificate of the public ports: what the configuration names, read at the start and again when it changes.

import { FrostError } from './base/errors.ts'
import type { MasterConfig } from './cli/config/options.ts'
import type { TlsCredentials } from './gateway/http/http-listener.ts'
import { readTlsFiles, TlsFileWatch } from './node/tls-files.ts'
import type { Log } from './ports/log.ts'

export interface PublicTls {
  /** `undefined`: the ports speak plain HTTP. */
  readonly credentials: TlsCredentials | undefined
  /** Calls `onChange` with each new certificate from then on. */
  follow(onChange: (credentials: TlsCredentials) => void): void
  close(): void
}

/** @throws FrostError `config-invalid`. */
export async function openPublicTls({ tlsCert, tlsKey }: MasterConfig, log: Log): Promise<PublicTls> {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new FrostError('config-invalid', 'TLS needs both a certificate and its key.', {
      remedy: 'Give --tls-cert and --tls-key, or neither.',
    })
  }
  if (tlsCert === undefined || tlsKey === undefined)
    return { credentials: undefined, follow: () => undefined, close: () => undefined }
  const files = { cert: tlsCert, key: tlsKey }
  const credentials = await readTlsFiles(files)
  let watch: TlsFileWatch | undefined
  return {
    credentials,
    follow: (onChange) => {
      watch ??= new TlsFileWatch(files, log, onChange)
    },
    close: () => watch?.close(),
  }
}
