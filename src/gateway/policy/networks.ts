// IP addresses and networks of conditions, as numbers. Source: RFC 4632 (CIDR), RFC 4291 (IPv6; an IPv4 address in it is the IPv4 address).

import { isIP } from 'node:net'

export interface Network {
  readonly address: Address
  /** Of `address`. */
  readonly prefixBits: number
}

interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** `undefined`: neither an address nor a network. */
export function parseNetwork(text: string): Network | undefined {
  const [written = '', prefix, ...rest] = text.split('/')
  const address = parseAddress(written)
  if (address === undefined || rest.length > 0) return undefined
  if (prefix === undefined) return { address, prefixBits: address.bits }
  const prefixBits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  return prefixBits <= address.bits ? { address, prefixBits } : undefined
}

export function parseAddress(text: string): Address | undefined {
  const plain = /^::ffff:/i.test(text) && isIP(text.slice(7)) === 4 ? text.slice(7) : text
  const version = isIP(plain)
  if (version === 4) return { bits: 32, value: parseIpv4(plain) }
  return version === 6 && !plain.includes('%') ? { bits: 128, value: parseIpv6(plain) } : undefined
}

export function isWithin({ bits, value }: Address, { address, prefixBits }: Network): boolean {
  if (bits !== address.bits) return false
  const shift = BigInt(bits - prefixBits)
  return value >> shift === address.value >> shift
}

function parseIpv4(text: string): bigint {
  return BigInt(text.split('.').reduce((value, part) => value * 256 + Number(part), 0))
}

function parseIpv6(text: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const low = dotted?.[2] === undefined ? 0n : parseIpv4(dotted[2])
  const hex = dotted === null ? text : `${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`
  const [head = '', tail] = hex.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].reduce((value, part) => (value << 16n) | BigInt(`0x${part}`), 0n)
}
