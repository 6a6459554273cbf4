// Arithmetic of 32-bit CRCs for any generator polynomial, which is given in reflected form: the highest bit of a word is the
// coefficient of x^0. Used for CRC-32 (crc32.ts) and CRC-32C (crc32c.ts).

/** The product of two polynomials modulo the generator. */
export function multiply(left: number, right: number, generator: number): number {
  let product = 0
  let factor = right
  for (let bit = 31; bit >= 0; bit--) {
    if ((left >>> bit) & 1) product ^= factor
    factor = factor & 1 ? (factor >>> 1) ^ generator : factor >>> 1
  }
  return product >>> 0
}

interface Power {
  readonly lengthBytes: number
  readonly power: number
}

/** By generator, the power that was asked for last: most parts of an object have one length. */
const lastPowers = new Map<number, Power>()

/** x^(8 · lengthBytes) modulo the generator. */
export function powerOf(lengthBytes: number, generator: number): number {
  const last = lastPowers.get(generator)
  if (last?.lengthBytes === lengthBytes) return last.power
  const power = computePower(lengthBytes, generator)
  lastPowers.set(generator, { lengthBytes, power })
  return power
}

/** By repeated squaring. */
function computePower(lengthBytes: number, generator: number): number {
  let power = 0x8000_0000
  let square = 0x0080_0000
  for (let rest = lengthBytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(square, power, generator)
    square = multiply(square, square, generator)
  }
  return power
}

/** The remainder of each byte: the table of the way byte by byte. */
export function byteTableOf(generator: number): Uint32Array {
  const table = new Uint32Array(256)
  for (let value = 0; value < 256; value++) {
    let crc = value
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ generator : crc >>> 1
    table[value] = crc
  }
  return table
}
