// Password hashes and sealed secrets by node:crypto (docs/adr/0070-argon2-of-node-itself.md).

import { argon2, createCipheriv, createDecipheriv } from 'node:crypto'

import { assert } from '../base/assert.ts'
import type { Opener, PasswordCost, SealOptions, Sealer, Vault } from '../ports/vault.ts'

const hashBytes = 32
const tagBytes = 16

export class NodeVault implements Vault {
  argon2id(password: Uint8Array, salt: Uint8Array, cost: PasswordCost): Promise<Uint8Array<ArrayBuffer>> {
    const { memoryKib: memory, passes, parallelism } = cost
    return new Promise((resolve, reject) => {
      const parameters = { message: password, nonce: salt, parallelism, tagLength: hashBytes, memory, passes }
      argon2('argon2id', parameters, (error, hash) => {
        if (error === null) resolve(new Uint8Array(hash))
        else reject(error)
      })
    })
  }

  seal(plain: Uint8Array, { key, nonce, context }: SealOptions): Uint8Array<ArrayBuffer> {
    assert(key.length === 32 && nonce.length === 12, 'AES-256-GCM takes a key of 32 bytes and a nonce of 12')
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(context)
    return new Uint8Array(Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]))
  }

  open(sealed: Uint8Array, { key, nonce, context }: SealOptions): Uint8Array<ArrayBuffer> | undefined {
    if (sealed.length < tagBytes) return undefined
    const end = sealed.length - tagBytes
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    decipher.setAAD(context).setAuthTag(sealed.subarray(end))
    try {
      return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]))
    } catch {
      return undefined // the tag does not match: the one thing that `final` throws for
    }
  }

  createSealer({ key, nonce, context }: SealOptions): Sealer {
    assert(key.length === 32 && nonce.length === 12, 'AES-256-GCM takes a key of 32 bytes and a nonce of 12')
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    if (context.length > 0) cipher.setAAD(context)
    return {
      update: (plain) => plainBytes(cipher.update(plain)),
      finish: () => {
        cipher.final()
        return plainBytes(cipher.getAuthTag())
      },
    }
  }

  createOpener({ key, nonce, context }: SealOptions): Opener {
    assert(key.length === 32 && nonce.length === 12, 'AES-256-GCM takes a key of 32 bytes and a nonce of 12')
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    if (context.length > 0) decipher.setAAD(context)
    return {
      update: (sealed) => plainBytes(decipher.update(sealed)),
      finish: (tag) => {
        if (tag.length !== tagBytes) return false
        decipher.setAuthTag(tag)
        try {
          decipher.final()
          return true
        } catch {
          return false // as above
        }
      },
    }
  }
}

/** The same memory, not as a `Buffer`, whose `slice` copies nothing. */
function plainBytes({ buffer, byteOffset, length }: Buffer<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, length)
}
