// What holds for every document: it is read, written and read again as the same, stored and loaded as the same, and whatever
// else comes in is refused with an S3Error.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { errorCode } from '../../../base/errors.ts'
import { S3Error } from '../s3-error.ts'
import { mutatedXml } from './testing/mutations.ts'
import { samples } from './testing/samples.ts'
import type { Sample } from './testing/samples.ts'

const golden = JSON.parse(readFileSync(new URL('testing/stored-v1.json', import.meta.url), 'utf8')) as readonly {
  readonly name: string
  readonly stored: unknown
}[]

test('what version 1 stored is still written and read so', () => {
  assert.equal(golden.length, samples.length)
  samples.forEach(({ name, document, xml }, index) => {
    const expected = golden[index]
    assert.equal(expected?.name, name)
    const value = document.parse(Buffer.from(xml))
    assert.equal(Buffer.from(document.encode(value)).toString(), JSON.stringify(expected?.stored), name)
    assert.deepEqual(document.decode(Buffer.from(JSON.stringify(expected?.stored))), value, name)
  })
})

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
      fc.assert(
        fc.property(mutatedXml(sample.name), (xml) => {
          let value: unknown
          try {
            value = sample.document.parse(Buffer.from(xml))
          } catch (error) {
            assert.ok(error instanceof S3Error, `${String(error)} of ${xml}`)
            return
          }
          assertRoundTrips(sample, value)
        }),
        { numRuns: 400 },
      )
    })
  })
}
