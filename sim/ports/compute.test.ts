import { computeConformance } from '../../test/conformance/compute.ts'
import { SimulatedCompute } from './compute.ts'

computeConformance('SimulatedCompute', () => new SimulatedCompute())
