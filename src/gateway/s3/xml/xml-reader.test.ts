import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { S3Error } from '../s3-error.ts'
import type { XmlElement } from './xml-element.ts'
import { readXml, readXmlInSteps } from './xml-reader.ts'
import { XmlWriter } from './xml-writer.ts'

function read(text: string): XmlElement {
  return readXml(Buffer.from(text))
}

/** As nested arrays: name, text, children. */
function outline(element: XmlElement): unknown {
  return [element.name, element.text, ...element.children.map(outline)]
}

function assertMalformed(text: string | Uint8Array): void {
  assert.throws(
    () => readXml(typeof text === 'string' ? Buffer.from(text) : text),
    (error) => error instanceof S3Error && error.code === 'MalformedXML' && error.status === 400,
    JSON.stringify(text),
  )
}

describe('readXml', () => {
  test('gives names without prefix, whatever the namespace', () => {
    const expected = ['Delete', '', ['Key', 'a']]
    assert.deepEqual(outline(read('<Delete><Key>a</Key></Delete>')), expected)
    assert.deepEqual(
      outline(read('<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Key>a</Key></Delete>')),
      expected,
    )
    assert.deepEqual(outline(read('<s3:Delete xmlns:s3="x"><s3:Key>a</s3:Key></s3:Delete>')), expected)
    assert.deepEqual(outline(read('\uFEFF<?xml version="1.0"?>\n<!-- c --><Delete><Key>a</Key></Delete>\n')), expected)
  })

  test('keeps text exactly, and the order of elements', () => {
    assert.deepEqual(outline(read('<a><k> x </k><b/><k>\ty\r\nz\r</k></a>')), [
      'a',
      '',
      ['k', ' x '],
      ['b', ''],
      ['k', '\ty\nz\n'],
    ])
    assert.equal(read('<a>007</a>').text, '007')
    assert.equal(read('<a>true</a>').text, 'true')
    assert.equal(read('<a></a>').text, '')
  })

  test('joins text around comments, instructions and CDATA, in which nothing is decoded', () => {
    assert.equal(read('<a>x<!-- <b> -->y<![CDATA[<z>&amp;]]>w<?p <q> ?>&amp;</a>').text, 'xy<z>&amp;w&')
    assert.equal(read('<a><![CDATA[<!DOCTYPE x>]]></a>').text, '<!DOCTYPE x>')
  })

  test('decodes the predefined and the numeric references, in attributes too', () => {
    assert.equal(read('<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;&#13;&#xA;</a>').text, '<>&"\'A😀\r\n')
    assert.equal(read('<a>&amp;lt;</a>').text, '&lt;')
    const attributes = read('<a xsi:type="&quot;b&#62;" xmlns:xsi="i" c=\'>\'/>').attributes
    assert.deepEqual(
      [...attributes],
      [
        ['type', '"b>'],
        ['c', '>'],
      ],
    )
  })

  for (const bad of [
    '',
    ' ',
    'a',
    '<a>',
    '<a></b>',
    '<a><b></a></b>',
    '<a/><b/>',
    '<a/>x',
    'x<a/>',
    '<a/>&amp;',
    '<a/><![CDATA[x]]>',
    '<![CDATA[x]]><a/>',
    '</a>',
    '<a b=1/>',
    '<a b/>',
    '<a b="1" b="2"/>',
    '<a b="<"/>',
    '<a></a b="1">',
    '<a></a/>',
    '< a/>',
    '<1/>',
    '<a><!-- </a>',
    '<a><![CDATA[ </a>',
    '<a><?p </a>',
    '<a>&</a>',
    '<a>&b;</a>',
    '<a>&#;</a>',
    '<a>&#x;</a>',
    '<a>&#0;</a>',
    '<a>&#x1;</a>',
    '<a>&#xD800;</a>',
    '<a>&#xFFFF;</a>',
    '<a>&#x110000;</a>',
    '<a>&#99999999;</a>',
    '<a b="&c;"/>',
    '<a>\u0000</a>',
    '<a>\u0001</a>',
    '<a>\uFFFE</a>',
    '<!DOCTYPE a><a/>',
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    '<a><!ENTITY b "c"></a>',
    '<a><!-></a>',
    '<__proto__/>',
    '<a><__proto__>x</__proto__></a>',
    '<a><constructor/></a>',
  ]) {
    test(`refuses ${JSON.stringify(bad)}`, () => {
      assertMalformed(bad)
    })
  }

  test('refuses what is not UTF-8', () => {
    assertMalformed(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]))
    assertMalformed(Buffer.from('<a/>', 'utf16le'))
  })

  test('reaches no prototype', () => {
    const before = Object.getOwnPropertyNames(Object.prototype).length
    for (const name of ['toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']) {
      const element = read(`<a ${name}="1"><${name}>x</${name}></a>`)
      assert.equal(element.children.length, 1)
    }
    assert.equal(Object.getOwnPropertyNames(Object.prototype).length, before)
  })

  test('bounds size, depth, attributes and the number of tags', () => {
    assert.throws(
      () => readXml(Buffer.alloc(2049, ' '), 2048),
      (error) => error instanceof S3Error && error.code === 'MaxMessageLengthExceeded',
    )
    const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth)
    assert.equal(read(nested(32)).name, 'a')
    assertMalformed(nested(33))
    assertMalformed(nested(50_000))
    const attributes = (count: number): string => Array.from({ length: count }, (_, index) => ` a${index}="1"`).join('')
    assert.equal(read(`<a${attributes(32)}/>`).attributes.size, 32)
    assertMalformed(`<a${attributes(33)}/>`)
    assertMalformed(`<a>${'<b/>'.repeat(200_000)}</a>`)
  })

  test('takes time that grows with the size only, on input made to be slow', () => {
    const size = 500_000
    for (const bad of [
      `<a ${' '.repeat(size)}`,
      `<a${' b'.repeat(size / 2)}>`,
      `<a b="${'x'.repeat(size)}`,
      `<a>${'&'.repeat(size)}</a>`,
      `<a>${'<'.repeat(size)}</a>`,
      `<a>${'<!--'.repeat(size / 4)}`,
      `<a>${'<![CDATA['.repeat(size / 9)}`,
      `<${'a'.repeat(size)}`,
      `<${'a:'.repeat(size / 2)}`,
    ]) {
      assertMalformed(bad)
    }
  })
})

describe('a long document', () => {
  /** More than a piece, whatever stands around it. */
  const many = Array.from({ length: 20_000 }, (_, index) => `<k>${index}</k>`)
  const children = Array.from({ length: 20_000 }, (_, index) => ['k', String(index)])

  test('is read in steps, to what it is when read at once', () => {
    const text = `<?xml version="1.0"?><l>${many.join('')}</l>`
    const steps = readXmlInSteps(Buffer.from(text))
    let count = 0
    for (let step = steps.next(); ; step = steps.next()) {
      count += 1
      if (step.done !== true) continue
      assert.deepEqual(outline(step.value), ['l', '', ...children])
      break
    }
    assert.ok(count >= 4)
    assert.deepEqual(outline(read(text)), ['l', '', ...children])
  })

  test('keeps what stands between its children, its prefix, its attributes and the depth', () => {
    const between = many.map((child, index) => child + ['x', '\r\n', '<!-- </l> -->', '<![CDATA[</l>]]>'][index % 4])
    const root = read(`<p:l a="1" xmlns:p="u">${between.join('')}<q><k/></q>end</p:l>\n<!-- after -->`)
    assert.deepEqual([root.name, [...root.attributes]], ['l', [['a', '1']]])
    assert.equal(root.text, `${'x\n</l>'.repeat(5_000)}end`)
    assert.deepEqual(root.children.map(outline), [...children, ['q', '', ['k', '']]])
    const deep = '<d>'.repeat(31) + '</d>'.repeat(31)
    assert.equal(read(`<l>${many.join('')}${deep}</l>`).children.length, 20_001)
    assertMalformed(`<l>${many.join('')}<d>${deep}</d></l>`)
  })

  for (const bad of [
    '',
    '<k>',
    '</k></l>',
    '</l><l/>',
    '</l>x',
    '</m>',
    '&b;</l>',
    '<!DOCTYPE a></l>',
    '<k a="<"/></l>',
  ]) {
    test(`is refused where it ends with ${JSON.stringify(bad)}`, () => {
      assertMalformed(`<l>${many.join('')}${bad}`)
    })
  }
})

const xmlText = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  // oxlint-disable-next-line eslint/no-control-regex -- what XML 1.0 forbids
  .filter((text) => text.isWellFormed() && !/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(text))

test('what the writer wrote is read back', () => {
  fc.assert(
    fc.property(fc.array(xmlText, { maxLength: 5 }), xmlText, (values, attribute) => {
      const writer = new XmlWriter('Root')
      for (const value of values) writer.element('Key', value)
      writer.openWith('Grantee', { 'xsi:type': attribute })
      writer.close('Grantee')
      const { children } = read(writer.finish())
      assert.deepEqual(
        children.slice(0, -1).map((child) => child.text),
        values,
      )
      assert.equal(children.at(-1)?.attributes.get('type'), attribute)
    }),
  )
})

/** Pieces of XML in any order: much of it is nearly well-formed. */
const markup = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '<a>',
        '</a>',
        '<b:a',
        '/>',
        '>',
        '<',
        '</',
        '&amp;',
        '&',
        '&#',
        ';',
        '<!--',
        '-->',
        '<![CDATA[',
        ']]>',
      ),
      fc.constantFrom(
        '<?xml version="1.0"?>',
        '<!DOCTYPE a>',
        '<?',
        '?>',
        ' x="',
        '"',
        "'",
        ' xmlns="u"',
        '__proto__',
        '\r\n',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => Buffer.from(pieces.join('')))

test('never throws anything but an S3Error, on nearly XML and on any bytes', () => {
  fc.assert(
    fc.property(fc.oneof(markup, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      try {
        readXml(bytes)
      } catch (error) {
        assert.ok(error instanceof S3Error, String(error))
      }
    }),
    { numRuns: 3000 },
  )
})
