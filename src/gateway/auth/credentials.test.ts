import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { NodeCompute } from '../../node/compute.ts'
import { NodeRandom } from '../../node/random.ts'
import { makeApiToken, parseApiToken } from './api-token.ts'
import { parseAuthorization } from './credentials.ts'
import { formatPasswordHash, parsePasswordHash } from './password-hash.ts'

const compute = new NodeCompute()

function basic(text: string | Uint8Array): string {
  return `Basic ${Buffer.from(text).toString('base64')}`
}

describe('an Authorization header', () => {
  test('says a token, or a name and a secret, whatever the case of its scheme', () => {
    assert.deepEqual(parseAuthorization('Bearer abc'), { kind: 'bearer', token: 'abc' })
    assert.deepEqual(parseAuthorization('bEaReR  abc '), { kind: 'bearer', token: 'abc' })
    assert.deepEqual(parseAuthorization(basic('name:pass:word')), { kind: 'basic', name: 'name', secret: 'pass:word' })
    assert.deepEqual(parseAuthorization(basic('ü:п')), { kind: 'basic', name: 'ü', secret: 'п' })
    assert.deepEqual(parseAuthorization(basic('name:')), { kind: 'basic', name: 'name', secret: '' })
  })

  test('that is anything else says nothing', () => {
    const others = [
      '',
      'Bearer',
      'Bearer ',
      'Bearer a b',
      'Basic !',
      'Digest x',
      'Negotiate abc',
      basic('no colon'),
      basic(':no name'),
      basic(Uint8Array.of(0xff, 0x3a, 0x61)),
      basic(`${'n'.repeat(129)}:x`),
      basic(`n:${'x'.repeat(1_025)}`),
      `Bearer ${'x'.repeat(5_000)}`,
    ]
    for (const header of others) assert.equal(parseAuthorization(header), undefined, header.slice(0, 40))
  })

  test('of any bytes gives credentials or nothing, and of any name and secret gives them back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('Basic ', 'Bearer ', ''), (text, scheme) => {
        const parsed = parseAuthorization(scheme + text)
        assert.ok(parsed === undefined || parsed.kind === 'bearer' || parsed.name.length > 0)
      }),
    )
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(
        part.filter((name) => !name.includes(':') && name.length <= 128),
        part,
        (name, secret) => {
          assert.deepEqual(parseAuthorization(basic(`${name}:${secret}`)), { kind: 'basic', name, secret })
        },
      ),
    )
  })
})

describe('an API token', () => {
  const made = makeApiToken(new NodeRandom(), compute)

  test('is found again by its id, and by a hash that says nothing of it', () => {
    const parsed = parseApiToken(made.text, compute)
    assert.equal(parsed?.id, made.id)
    assert.deepEqual(parsed.hash, made.hash)
    assert.ok(!made.text.includes(Buffer.from(made.hash).toString('base64url').slice(0, 8)))
  })

  test('altered in any one character is no token, another one, or has another hash', () => {
    for (let index = 0; index < made.text.length; index++) {
      const altered = `${made.text.slice(0, index)}${made.text[index] === 'a' ? 'b' : 'a'}${made.text.slice(index + 1)}`
      const parsed = parseApiToken(altered, compute)
      assert.ok(parsed?.id !== made.id || !compute.equalsConstantTime(parsed.hash, made.hash), altered)
    }
  })

  test('of any text is a token of the right shape or none', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string().map((text) => `fbt_${text}`),
        ),
        (text) => {
          const parsed = parseApiToken(text, compute)
          assert.ok(parsed === undefined || /^[0-9a-f]{16}$/.test(parsed.id))
        },
      ),
    )
  })
})

describe('a password’s hash', () => {
  const cost = { memoryKib: 19_456, passes: 2, parallelism: 1 }
  const salt = new Uint8Array(16).fill(1)
  const hash = new Uint8Array(32).fill(2)

  test('is written as the field writes it, and read back', () => {
    const text = formatPasswordHash({ cost, salt, hash })
    assert.equal(text, `$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$${'AgIC'.repeat(10)}AgI`)
    const parsed = parsePasswordHash(text)
    assert.deepEqual(parsed?.cost, cost)
    assert.deepEqual([Buffer.from(parsed.salt), Buffer.from(parsed.hash)], [Buffer.from(salt), Buffer.from(hash)])
  })

  test('of any text is one or none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => parsePasswordHash(`$argon2id$v=19$${text}`) === undefined || text !== ''),
    )
    for (const text of ['', '$argon2i$v=19$m=1,t=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AgIC', 'x'])
      assert.equal(parsePasswordHash(text), undefined)
  })
})
