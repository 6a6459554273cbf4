import { commits } from './commit.ts'
import { testModel } from './testing/test-model.ts'

testModel(commits)
