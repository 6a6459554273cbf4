// `npm run models`: explores every model and prints what was found: states, transitions, time, and for each rule that is switched off the
// shortest trace to what goes wrong then. Fails where something goes wrong with all rules on, or a rule's absence is not noticed.
// node sim/models/run.ts [NAME…] runs the models whose names contain one of the words.

import { models } from './models.ts'
import { judge, listUnshown } from './model.ts'
import type { Finding, Model } from './model.ts'

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function describe({ variant, off, exploration }: Finding, model: Model, seconds: number): void {
  const { states, transitions, violation } = exploration
  const size = `${states} states, ${transitions} transitions, ${seconds.toFixed(1)} s`
  print('')
  print(
    off === undefined
      ? `${variant}: all rules on: ${size}`
      : `${variant}: without ${off} (${model.rules[off]}): ${size}`,
  )
  if (violation === undefined) return print('  nothing goes wrong')
  print(`  ${violation.invariant}: ${violation.what}`)
  for (const [index, action] of violation.trace.entries()) print(`  ${String(index + 1).padStart(4)} ${action}`)
  print(`       ${violation.state}`)
}

/** Whether all of it is as it must be. */
function run(model: Model): boolean {
  print(`\n== ${model.name}`)
  let isGood = true
  let startedMs = performance.now()
  for (const finding of judge(model)) {
    describe(finding, model, (performance.now() - startedMs) / 1000)
    if (!finding.isGood) print('  FAILED')
    isGood &&= finding.isGood
    startedMs = performance.now()
  }
  for (const rule of listUnshown(model)) {
    print(`FAILED: no variant shows what ${rule} is there for`)
    isGood = false
  }
  return isGood
}

const words = process.argv.slice(2)
const asked = models.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
const outcomes = asked.map((model) => run(model))
print(outcomes.every(Boolean) ? '\nall models hold' : '\nFAILED')
process.exitCode = outcomes.length > 0 && outcomes.every(Boolean) ? 0 : 1
