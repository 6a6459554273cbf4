// The ACL of an object: kept with its version, opaque to the master.

import type { ObjectInfo } from '../../master/object-service.ts'

/** Where it lies in `NewVersion.extra`. */
export const aclField = 'acl'

export function aclOf({ extra }: Pick<ObjectInfo, 'extra'>): Uint8Array | undefined {
  return extra?.[aclField]
}
