import { slots } from './slots.ts'
import { testModel } from './testing/test-model.ts'

testModel(slots)
