// The model of commits: commit or discard, the horizon, purge and copies, serially and under snapshot isolation.

import { Repeats } from './commit-repeats.ts'
import { repeatRules, sharingRules, uploadRules } from './commit-rules.ts'
import { Sharing } from './commit-sharing.ts'
import { Uploads } from './commit-uploads.ts'
import { defineVariant } from './model.ts'
import type { Model } from './model.ts'

const statesMax = 150_000

export const commits: Model = {
  name: 'commit, discard, horizon, purge and copy',
  rules: { ...uploadRules, ...sharingRules, ...repeatRules },
  variants: [
    defineVariant(uploadRules, {
      statesMax,
      name: 'an upload, serially',
      shows: [
        'commit-inserts',
        'discard-inserts',
        'commit-above-horizon',
        'rows-go-below-horizon',
        'published-holds',
        'intent-first',
        'expiry-is-one',
        'registers-above-ceiling',
      ],
      build: (on) => new Uploads(on, { isolation: 'serial', isWide: true, publishings: 1, lostAnswers: 1 }),
    }),
    defineVariant(uploadRules, {
      statesMax,
      name: 'an upload, snapshots',
      shows: ['commit-inserts', 'discard-inserts', 'dead-before-delete', 'horizon-row-changed'],
      build: (on) => new Uploads(on, { isolation: 'snapshot', isWide: false, publishings: 0, lostAnswers: 0 }),
    }),
    defineVariant(sharingRules, {
      statesMax,
      name: 'sharing, serially',
      shows: ['copy-only-live', 'purge-waits', 'reads-ended', 'registered-before-reading', 'number-after-visible'],
      build: (on) => new Sharing(on, 'serial'),
    }),
    defineVariant(sharingRules, {
      statesMax,
      name: 'sharing, snapshots',
      shows: ['copy-changes-row'],
      build: (on) => new Sharing(on, 'snapshot'),
    }),
    defineVariant(repeatRules, {
      statesMax,
      name: 'repeats',
      shows: ['command-remembered', 'command-kept', 'command-above-horizon'],
      build: (on) => new Repeats(on),
    }),
  ],
}
