import { randomConformance } from '../../test/conformance/random.ts'
import { NodeRandom } from './random.ts'

randomConformance('NodeRandom', () => new NodeRandom())
