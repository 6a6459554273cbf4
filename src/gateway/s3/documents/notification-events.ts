// The names of events, with and without wildcards.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html

/** Without `s3:`, as they stand in messages. */
const groups: Readonly<Record<string, readonly string[]>> = {
  ObjectCreated: ['Put', 'Post', 'Copy', 'CompleteMultipartUpload'],
  ObjectRemoved: ['Delete', 'DeleteMarkerCreated'],
  ObjectRestore: ['Post', 'Completed', 'Delete'],
  Replication: [
    'OperationFailedReplication',
    'OperationMissedThreshold',
    'OperationReplicatedAfterThreshold',
    'OperationNotTracked',
  ],
  LifecycleExpiration: ['Delete', 'DeleteMarkerCreated'],
  ObjectTagging: ['Put', 'Delete'],
  ObjectAnnotation: ['Put', 'Delete'],
}
const single: readonly string[] = [
  's3:TestEvent',
  's3:ReducedRedundancyLostObject',
  's3:LifecycleTransition',
  's3:IntelligentTiering',
  's3:ObjectAcl:Put',
  's3:ObjectRetention:Put',
]

const known: ReadonlySet<string> = new Set([
  ...single,
  ...Object.entries(groups).flatMap(([group, kinds]) => [
    `s3:${group}:*`,
    ...kinds.map((kind) => `s3:${group}:${kind}`),
  ]),
])

export function isEventName(name: string): boolean {
  return known.has(name)
}

/** Whether an event is one that the name of a configuration means. */
export function matchesEvent(configured: string, event: string): boolean {
  return configured === event || (configured.endsWith('*') && event.startsWith(configured.slice(0, -1)))
}

export function eventsOverlap(one: string, other: string): boolean {
  return matchesEvent(one, other) || matchesEvent(other, one)
}
