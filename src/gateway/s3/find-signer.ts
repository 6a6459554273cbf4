// Who holds an access key, as the check of signatures asks for it, with AWS's errors for what is wrong with a session.

import type { AccessControl } from '../auth/access-control.ts'
import { CredentialsError, sessionExpired, sessionInvalid } from '../auth/authenticator.ts'
import type { Signer } from '../auth/authenticator.ts'
import { S3Error } from './s3-error.ts'
import type { FindSigner } from './signature/signature-verifier.ts'

/** @throws S3Error `ExpiredToken`, `InvalidToken`; FrostError `credentials-invalid`: there is no such key, or it may not be used. */
export function signersOf(control: AccessControl): FindSigner<Signer> {
  return async (accessKeyId, sessionToken) => {
    try {
      return await control.signer(accessKeyId, sessionToken)
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error
      if (error.reason === sessionExpired) throw new S3Error('ExpiredToken', undefined, { cause: error })
      // Of temporary credentials without their token AWS knows nothing.
      if (error.reason === sessionInvalid && sessionToken !== undefined)
        throw new S3Error('InvalidToken', undefined, { cause: error })
      throw error
    }
  }
}
