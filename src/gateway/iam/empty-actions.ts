// What tools ask of IAM although FrostByte has nothing of the kind: passwords of a console, devices, certificates, profiles of instances.
// The answer is that there is none.

import { accountId } from '../policy/arn.ts'
import type { QueryAction, QueryActions, QueryCall } from './query-action.ts'
import { QueryError } from './query-error.ts'
import { userNameOf } from './user-actions.ts'

function emptyList(name: string): QueryAction {
  return { resource: ofUser, run: async (call) => (await checkUser(call), { [name]: [], IsTruncated: false }) }
}

async function ofUser(call: QueryCall): Promise<string> {
  return await call.identities.arn({ kind: 'user', name: userNameOf(call) })
}

async function checkUser(call: QueryCall): Promise<void> {
  await call.identities.user(userNameOf(call))
}

function ofRole({ form, identities }: QueryCall): Promise<string> {
  return identities.arn({ kind: 'role', name: form.name('RoleName') })
}

export const emptyActions: QueryActions = {
  ListMFADevices: emptyList('MFADevices'),
  ListSSHPublicKeys: emptyList('SSHPublicKeys'),
  ListSigningCertificates: emptyList('Certificates'),
  ListServiceSpecificCredentials: emptyList('ServiceSpecificCredentials'),
  GetLoginProfile: { resource: ofUser, run: noLoginProfile },
  DeleteLoginProfile: { resource: ofUser, run: noLoginProfile },
  ListAccountAliases: {
    resource: () => `arn:aws:iam::${accountId}:*`,
    run: () => ({ AccountAliases: [], IsTruncated: false }),
  },
  ListInstanceProfilesForRole: { resource: ofRole, run: () => ({ InstanceProfiles: [], IsTruncated: false }) },
}

async function noLoginProfile(call: QueryCall): Promise<never> {
  await checkUser(call)
  throw new QueryError('NoSuchEntity', `Login Profile for User ${userNameOf(call)} cannot be found.`)
}
