// All models (docs/design/models.md).

import { commits } from './commit.ts'
import { logTail } from './log-tail.ts'
import type { Model } from './model.ts'
import { slots } from './slots.ts'

export const models: readonly Model[] = [slots, commits, logTail]
