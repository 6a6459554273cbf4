import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { attachmentDisposition } from './content-disposition.ts'

describe('attachmentDisposition', () => {
  for (const [key, expected] of [
    ['report.pdf', 'attachment; filename="report.pdf"'],
    ['a/b/c d.txt', 'attachment; filename="c d.txt"'],
    ['a/', 'attachment; filename="download"'],
    ['a/..', 'attachment; filename="download"'],
    ['"x".txt', `attachment; filename="_x_.txt"; filename*=UTF-8''%22x%22.txt`],
    ['ä€.txt', `attachment; filename="__.txt"; filename*=UTF-8''%C3%A4%E2%82%AC.txt`],
    ["it's(1)*", `attachment; filename="it_s(1)_"; filename*=UTF-8''it%27s%281%29%2A`],
    ['a\r\nX: y', `attachment; filename="a__X_ y"; filename*=UTF-8''a%0D%0AX%3A%20y`],
    ['.htaccess', `attachment; filename=".htaccess"; filename*=UTF-8''.htaccess`],
  ] as const) {
    test(`of ${JSON.stringify(key)}`, () => {
      assert.equal(attachmentDisposition(key), expected)
    })
  }

  test('is a header of visible ASCII that carries the exact name, whatever the name', () => {
    const names = fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((name) => name.isWellFormed() && !name.includes('/'))
    fc.assert(
      fc.property(names, (name) => {
        const header = attachmentDisposition(name)
        assert.match(
          header,
          /^attachment; filename="[\x20\x21\x23-\x5b\x5d-\x7e]*"(?:; filename\*=UTF-8''[\w.!~%-]+)?$/,
        )
        const exact = /filename\*=UTF-8''(.*)$/.exec(header)?.[1]
        if (exact !== undefined && name !== '.' && name !== '..') assert.equal(decodeURIComponent(exact), name)
      }),
    )
  })
})
