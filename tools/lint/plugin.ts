// The project's own lint rules, loaded by oxlint as a plugin (`jsPlugins` in .oxlintrc.json).
//
// frostbyte/layers  imports go only the way of tools/lint/layers.ts
// frostbyte/ports   no clock, chance, network or process past the ports: tools/lint/globals.ts
//
// Source: ESLint's rule interface, of which oxlint implements a part; the types below are that part, as far as the
// rules use it. oxlint calls this interface experimental, so tools/lint/lint.test.ts proves on fixtures that every
// rule still reports (docs/adr/0003).

import { createLayersRule } from './layers-rule.ts'
import { createPortsRule } from './ports-rule.ts'

export default {
  meta: { name: 'frostbyte' },
  rules: { layers: createLayersRule(), ports: createPortsRule() },
}
