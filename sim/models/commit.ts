// The model of commits: commit or discard, the horizon, purge and copies, serially and under snapshot isolation.

import { Repeats } from './commit-repeats.ts'
import { commitRules, repeatRules, sharingRules, uploadRules } from './commit-rules.ts'
import { Sharing } from './commit-sharing.ts'
import { Uploads } from './commit-uploads.ts'
import { defineVariant } from './model.ts'
import type { Model } from './model.ts'

const statesMax = 250_000
const uploads = { statesMax, about: uploadRules }
const sharing = { statesMax, about: sharingRules }

export const commits: Model = {
  name: 'commit, discard, horizon, purge and copy',
  rules: commitRules,
  variants: [
    defineVariant(commitRules, {
      ...uploads,
      name: 'an upload, serially',
      build: (on) => new Uploads(on, { isolation: 'serial', isWide: true, publishings: 1, lostAnswers: 1 }),
    }),
    defineVariant(commitRules, {
      ...uploads,
      name: 'an upload, snapshots',
      build: (on) => new Uploads(on, { isolation: 'snapshot', isWide: false, publishings: 0, lostAnswers: 0 }),
    }),
    defineVariant(commitRules, { ...sharing, name: 'sharing, serially', build: (on) => new Sharing(on, 'serial') }),
    defineVariant(commitRules, { ...sharing, name: 'sharing, snapshots', build: (on) => new Sharing(on, 'snapshot') }),
    defineVariant(commitRules, { statesMax, about: repeatRules, name: 'repeats', build: (on) => new Repeats(on) }),
  ],
}
