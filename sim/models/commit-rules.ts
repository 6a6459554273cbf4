// The rules of the model of commits, discards, the horizon, purge and copies.

/** Of one upload. */
export const uploadRules = {
  'commit-inserts': 'a commit fails where its data id has a row already',
  'discard-inserts': 'a discard leaves a live row alone',
  'dead-before-delete': 'nothing is deleted on a worker before its id is dead in metadata',
  'commit-above-horizon': 'a commit below the horizon is refused',
  'rows-go-below-horizon': 'a dead row is removed only below the horizon',
  'published-holds': 'the published time never passes an open upload without an intent row',
  'intent-first': 'the intent row is durable before the published time passes its id',
  'expiry-is-one': 'a registration goes together with its intent rows, in one transaction',
  'registers-above-ceiling': 'a process makes no id below the highest ceiling stored, whatever its clock says',
  'horizon-row-changed': 'who registers writes the row of the horizon that it decides by',
} as const

/** Of copies, reads and purge. */
export const sharingRules = {
  'copy-only-live': 'a copy fails where the row is not live',
  'copy-changes-row': 'a copy changes the row that it relies on',
  'purge-waits': 'an entry is purged once every process has published a number above its own',
  'reads-ended': 'a process publishes a number when its reads from before it have ended',
  'registered-before-reading': 'a process registers before its first read',
  'number-after-visible': 'an entry gets its number after its deletion is visible',
} as const

/** Of commands without a data row. */
export const repeatRules = {
  'command-remembered': 'a delete stores its command id with its answer',
  'command-kept': 'that row stays until the horizon has passed it',
  'command-above-horizon': 'a command below the horizon is refused',
} as const
