// Which configurations of a bucket want to hear of an event. Pure.

import { keyFilterOf, targetsOf } from '../documents/notification-configuration.ts'
import type { NotificationConfiguration, NotificationTarget } from '../documents/notification-configuration.ts'
import { matchesEvent } from '../documents/notification-events.ts'

/** `event` with its prefix: `s3:ObjectCreated:Put`. */
export function matchingTargets(
  configuration: NotificationConfiguration,
  event: string,
  key: string,
): readonly NotificationTarget[] {
  return targetsOf(configuration).filter((target) => {
    if (!target.events.some((configured) => matchesEvent(configured, event))) return false
    const { prefix, suffix } = keyFilterOf(target)
    return key.startsWith(prefix) && key.endsWith(suffix)
  })
}
