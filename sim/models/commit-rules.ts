// The rules of the model of commits, discards, the horizon, purge and copies.

/** Of one upload. */
export const uploadRules = {
  'commit-inserts': { says: 'a commit fails where its data id has a row already' },
  'discard-inserts': { says: 'a discard leaves a live row alone' },
  'dead-before-delete': { says: 'nothing is deleted on a worker before its id is dead in metadata' },
  'commit-above-horizon': { says: 'a commit below the horizon is refused' },
  'rows-go-below-horizon': { says: 'a dead row is removed only below the horizon' },
  'published-holds': { says: 'the published time never passes an open upload without an intent row' },
  'intent-first': { says: 'the intent row is durable before the published time passes its id' },
  'expiry-is-one': { says: 'a registration goes together with its intent rows, in one transaction' },
  'registers-above-ceiling': {
    says: 'a process makes no id below the highest ceiling stored, whatever its clock says',
  },
  'horizon-row-changed': { says: 'who registers writes the row of the horizon that it decides by' },
} as const

/** Of copies, reads and purge. */
export const sharingRules = {
  'copy-only-live': { says: 'a copy fails where the row is not live' },
  'copy-changes-row': { says: 'a copy changes the row that it relies on' },
  'purge-waits': { says: 'an entry is purged once every process has published a number above its own' },
  'reads-ended': { says: 'a process publishes a number when its reads from before it have ended' },
  'registered-before-reading': { says: 'a process registers before its first read' },
  'number-after-visible': { says: 'an entry gets its number after its deletion is visible' },
} as const

/** Of commands without a data row. */
export const repeatRules = {
  'command-remembered': { says: 'a delete stores its command id with its answer' },
  'command-kept': { says: 'that row stays until the horizon has passed it' },
  'command-above-horizon': { says: 'a command below the horizon is refused' },
} as const
