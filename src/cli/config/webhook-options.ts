// Where events go: the webhooks, and what is sent to each besides.

import { list } from './kinds.ts'
import type { Kind } from './kinds.ts'
import { optional } from './option.ts'

interface NamedUrl {
  readonly name: string
  readonly url: string
}

const nameOfUrl = /^[A-Za-z0-9_-]{1,32}$/

/** An address by a name; without credentials, which belong elsewhere. */
const namedUrl: Kind<NamedUrl> = {
  placeholder: 'name=url',
  expects:
    'a name of 1 to 32 letters, digits, hyphens and underscores, and an address, as in orders=https://example.com/events',
  parse: (text) => {
    const [name = '', url = ''] = splitOnce(text)
    if (!nameOfUrl.test(name) || !/^https?:\/\/[^\s\p{Cc}]{1,2000}$/u.test(url) || !URL.canParse(url)) return undefined
    const { username, password, hash } = new URL(url)
    return username + password + hash === '' ? { name, url } : undefined
  },
  format: ({ name, url }) => `${name}=${url}`,
}

interface NamedSecret {
  readonly name: string
  readonly secret: string
}

/** What belongs to something of that name. */
const namedSecret: Kind<NamedSecret> = {
  placeholder: 'name=text',
  expects: 'a name, an equals sign, and 8 to 1,024 visible ASCII characters without commas',
  parse: (text) => {
    const [name = '', value = ''] = splitOnce(text)
    return nameOfUrl.test(name) && /^[\x21-\x2b\x2d-\x7e]{8,1024}$/.test(value) ? { name, secret: value } : undefined
  },
  format: ({ name, secret: value }) => `${name}=${value}`,
  isSecret: true,
}

function splitOnce(text: string): readonly string[] {
  const at = text.indexOf('=')
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

export const webhookOptions = {
  webhooks: optional({
    name: 'webhooks',
    kind: list(namedUrl, { max: 16 }),
    roles: ['up', 'master'],
    summary:
      'Webhooks that get the events of buckets whose notification configuration names them, as `arn:frostbyte:sqs::NAME:webhook`.',
    absence: 'there are none',
  }),
  webhookTokens: optional({
    name: 'webhook-tokens',
    kind: list(namedSecret, { max: 16 }),
    roles: ['up', 'master'],
    summary: 'Bearer tokens that are sent to webhooks, by their names.',
    absence: 'none is sent',
    sources: ['variable'],
  }),
  webhookSecrets: optional({
    name: 'webhook-secrets',
    kind: list(namedSecret, { max: 16 }),
    roles: ['up', 'master'],
    summary: 'Secrets by which what is sent to webhooks is signed, by their names.',
    absence: 'nothing is signed',
    sources: ['variable'],
  }),
} as const
