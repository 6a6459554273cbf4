import { logTail } from './log-tail.ts'
import { testModel } from './testing/test-model.ts'

testModel(logTail)
