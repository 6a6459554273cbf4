import { computeConformance } from '../../test/conformance/compute.ts'
import { NodeCompute } from './compute.ts'

computeConformance('NodeCompute', () => new NodeCompute())
