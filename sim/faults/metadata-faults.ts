// Answers of the metadata store that get lost, after the change was made or without it, and a store that is away.

import { pick } from '../world.ts'
import type { Fault } from './fault.ts'

export const metadataAnswersLost: Fault = ({ cluster, random }) => {
  const node = pick(random, cluster.masters)
  const chance = pick(random, [0.05, 0.3, 1])
  node.fate = () => {
    if (random.float() >= chance) return 'commit'
    return random.below(2) === 0 ? 'unknown-committed' : 'unknown-not-committed'
  }
  const heal = (): void => {
    node.fate = () => 'commit'
  }
  const durationMs = pick(random, [500, 5000, 45_000])
  return { text: `metadata answers to ${node.host} get lost (${chance})`, heal, durationMs }
}

export const metadataAway: Fault = ({ cluster, random }) => {
  const node = pick(random, cluster.masters)
  const chance = pick(random, [0.1, 1])
  node.fate = () => (random.float() < chance ? 'unavailable' : 'commit')
  const heal = (): void => {
    node.fate = () => 'commit'
  }
  return { text: `metadata is away for ${node.host} (${chance})`, heal, durationMs: pick(random, [500, 5000, 45_000]) }
}
