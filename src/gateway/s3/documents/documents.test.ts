// What holds for every document: it is read, written and read again as the same, stored and loaded as the same, and whatever
// else comes in is refused with an S3Error.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { errorCode } from '../../../base/errors.ts'
import { S3Error } from '../s3-error.ts'
import type { XmlElement } from '../xml/xml-element.ts'
import { readXml } from '../xml/xml-reader.ts'
import { escapeText } from '../xml-text.ts'
import { samples } from './testing/samples.ts'
import type { Sample } from './testing/samples.ts'

function assertRoundTrips({ document }: Sample, value: unknown): void {
  assert.deepEqual(document.parse(Buffer.from(document.write(value))), value)
  const stored = document.encode(value)
  assert.deepEqual(document.decode(stored), value)
  assert.deepEqual(document.encode(document.decode(stored)), stored)
}

for (const sample of samples) {
  test(`${sample.name} comes back from XML and from storage as it was: ${sample.xml.slice(0, 60)}`, () => {
    assertRoundTrips(sample, sample.document.parse(Buffer.from(sample.xml)))
  })
}

for (const sample of new Map(samples.map((one) => [one.name, one])).values()) {
  describe(sample.name, () => {
    test('refuses another root, an unknown element, text beside elements, and what is stored of another kind', () => {
      const refuses = (xml: string): void => {
        assert.throws(() => sample.document.parse(Buffer.from(xml)), S3Error, xml)
      }
      refuses('<Other/>')
      const root = /^<(\w+)/.exec(sample.xml)?.[1] ?? ''
      refuses(`<${root}>text</${root}>`)
      if (!/^(Delete|CompleteMultipartUpload|RestoreRequest)$/.test(root)) refuses(`<${root}><Unknown/></${root}>`)
      const refusesStored = (stored: string, code: string): void => {
        assert.throws(
          () => sample.document.decode(Buffer.from(stored)),
          (error) => errorCode(error) === code,
        )
      }
      refusesStored('{"version":2,"value":{}}', 'format-unsupported')
      refusesStored('{"version":1,"value":7}', 'store-corrupt')
      refusesStored('{"version":1}', 'store-corrupt')
      refusesStored('null', 'store-corrupt')
      refusesStored('{', 'store-corrupt')
    })

    test('refuses what is nearly such a document with an S3Error, or reads something that comes back as it was', () => {
      const trees = samples.filter(({ name }) => name === sample.name).map(({ xml }) => readXml(Buffer.from(xml)))
      fc.assert(
        fc.property(
          fc.constantFrom(...trees),
          fc.array(mutation, { minLength: 1, maxLength: 4 }),
          (tree, mutations) => {
            const xml = serialize(mutations.reduce(mutate, tree))
            let value: unknown
            try {
              value = sample.document.parse(Buffer.from(xml))
            } catch (error) {
              assert.ok(error instanceof S3Error, `${String(error)} of ${xml}`)
              return
            }
            assertRoundTrips(sample, value)
          },
        ),
        { numRuns: 400 },
      )
    })
  })
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
