// The model of commits: commit or discard, the horizon, purge and copies, serially and under snapshot isolation.

import { Repeats } from './commit-repeats.ts'
import { repeatRules, sharingRules, uploadRules } from './commit-rules.ts'
import { Sharing } from './commit-sharing.ts'
import { Uploads } from './commit-uploads.ts'
import { defineVariant } from './model.ts'
import type { Model } from './model.ts'

const statesMax = 250_000

export const commits: Model = {
  name: 'commit, discard, horizon, purge and copy',
  rules: { ...uploadRules, ...sharingRules, ...repeatRules },
  variants: [
    defineVariant(uploadRules, {
      statesMax,
      name: 'an upload, serially',
      build: (on) => new Uploads(on, { isolation: 'serial', isWide: true, publishings: 1, lostAnswers: 1 }),
    }),
    defineVariant(uploadRules, {
      statesMax,
      name: 'an upload, snapshots',
      build: (on) => new Uploads(on, { isolation: 'snapshot', isWide: false, publishings: 0, lostAnswers: 0 }),
    }),
    defineVariant(sharingRules, { statesMax, name: 'sharing, serially', build: (on) => new Sharing(on, 'serial') }),
    defineVariant(sharingRules, { statesMax, name: 'sharing, snapshots', build: (on) => new Sharing(on, 'snapshot') }),
    defineVariant(repeatRules, { statesMax, name: 'repeats', build: (on) => new Repeats(on) }),
  ],
}
