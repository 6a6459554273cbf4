// Documents that are nearly those that clients send: samples with elements dropped, repeated, renamed, nested, reordered, and other text.

import fc from 'fast-check'

import { escapeText } from '../../xml-text.ts'
import type { XmlElement } from '../../xml/xml-element.ts'
import { readXml } from '../../xml/xml-reader.ts'
import { samples } from './samples.ts'

/** XML made of the samples of that name by one to four changes. */
export function mutatedXml(name: string): fc.Arbitrary<string> {
  const trees = samples.filter((sample) => sample.name === name).map(({ xml }) => readXml(Buffer.from(xml)))
  return fc
    .tuple(fc.constantFrom(...trees), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([tree, mutations]) => serialize(mutations.reduce(mutate, tree)))
}

/** Where in the tree (a number for each level, modulo the number of children), and what happens there. */
interface Mutation {
  readonly path: readonly number[]
  readonly kind: 'drop' | 'repeat' | 'text' | 'rename' | 'reverse' | 'nest' | 'many'
  readonly text: string
}

const words = fc.constantFrom(
  '',
  ' ',
  '0',
  '-1',
  '1',
  '10001',
  '99999999999999999999',
  '1e3',
  'true',
  'False',
  'Enabled',
  'Disabled',
  '*',
  '**',
  'a*b',
  '2030-01-01',
  '2030-01-01T00:00:00+23:59',
  '0000-01-01T00:00:00+10:00',
  '2030-02-30',
  'Thu, 01 Jan 2026 12:00:00 GMT',
  'prefix',
  'suffix',
  's3:ObjectCreated:Put',
  'arn:a:b:c:d:e',
  'AES256',
  'GLACIER',
  'x'.repeat(300),
  '"',
  '""',
  '&quot;',
  '\r\n',
  'http://acs.amazonaws.com/groups/s3/LogDelivery',
  'Group',
  '__proto__',
  'constructor',
  '\u00e9',
  '\u{1F600}',
  '404',
  '302',
)
const names = fc.constantFrom(
  'Key',
  'Value',
  'Tag',
  'And',
  'Prefix',
  'Rule',
  'ID',
  'Status',
  'Days',
  'Date',
  'Filter',
  'Grantee',
  'URI',
  'Event',
  'Years',
  'EmailAddress',
  'Expiration',
  'toString',
  'ObjectSizeLessThan',
  'Unknown',
  'Redirect',
  'HostName',
  'Quiet',
  'MfaDelete',
)
const mutation: fc.Arbitrary<Mutation> = fc.record({
  path: fc.array(fc.nat(7), { maxLength: 6 }),
  kind: fc.constantFrom('drop', 'repeat', 'text', 'text', 'text', 'rename', 'reverse', 'nest', 'many'),
  text: fc.oneof(
    words,
    names,
    fc.string({ maxLength: 8 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '?')),
  ),
})

function mutate(element: XmlElement, change: Mutation): XmlElement {
  const { kind, text, path } = change
  const [step, ...rest] = path
  const { children } = element
  if (step !== undefined && children.length > 0) {
    const index = step % children.length
    const deeper = rest.length > 0 || kind === 'text' || kind === 'rename'
    return {
      ...element,
      children: children.flatMap((child, place) => {
        if (place !== index) return [child]
        if (deeper) return [mutate(child, { ...change, path: rest })]
        return replaced(child, kind)
      }),
    }
  }
  if (kind === 'rename' && /^[A-Za-z_]+$/.test(text)) return { ...element, name: text }
  if (kind === 'reverse') return { ...element, children: [...children].reverse() }
  return kind === 'text' ? { ...element, text, children: [] } : element
}

function replaced(child: XmlElement, kind: Mutation['kind']): readonly XmlElement[] {
  switch (kind) {
    case 'drop':
      return []
    case 'repeat':
      return [child, child]
    case 'many':
      return Array.from({ length: 60 }, () => child)
    case 'nest':
      return [{ ...child, children: [child] }]
    default:
      return [child]
  }
}

function serialize(element: XmlElement): string {
  let attributes = ''
  for (const [name, value] of element.attributes) attributes += ` ${name}="${escapeText(value)}"`
  const inner = escapeText(element.text) + element.children.map(serialize).join('')
  return `<${element.name}${attributes}>${inner}</${element.name}>`
}
