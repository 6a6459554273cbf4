// Joins the figures of several processes to one text: each family once, each sample with the label of its process.

interface Family {
  /** HELP and TYPE, as they came first. */
  readonly head: string[]
  readonly samples: string[]
}

export interface ProcessText {
  readonly process: string
  readonly text: string
}

/** Texts of the exposition format as this program and its library write them: HELP, TYPE, samples. */
export function mergeByProcess(parts: readonly ProcessText[]): string {
  const families = new Map<string, Family>()
  for (const { process, text } of parts) {
    let family: Family | undefined
    let isKnown = false
    for (const line of text.split('\n')) {
      if (line === '') continue
      if (line.startsWith('# ')) {
        const [, keyword, name = ''] = line.split(' ', 3)
        if (keyword === 'HELP') {
          isKnown = families.has(name)
          family = families.get(name) ?? { head: [], samples: [] }
          families.set(name, family)
        }
        if (!isKnown) family?.head.push(line)
      } else family?.samples.push(withLabel(line, process))
    }
  }
  return Array.from(families.values(), ({ head, samples }) => [...head, ...samples, ''].join('\n')).join('')
}

/** `name{a="b"} 1` and `name 1` alike. A `{` before the value is the labels' beginning: names have none. */
function withLabel(sample: string, process: string): string {
  const label = `process="${process}"`
  const brace = sample.indexOf('{')
  if (brace !== -1) return `${sample.slice(0, brace + 1)}${label},${sample.slice(brace + 1)}`
  const space = sample.indexOf(' ')
  return `${sample.slice(0, space)}{${label}}${sample.slice(space)}`
}
