// CRC-64/NVME (NVM Express NVM Command Set Specification 1.0d, 5.2.1.3.4; polynomial 0xad93d23594c93659, reflected) in
// WebAssembly, which has 64-bit words. AssemblyScript, compiled into ../crc64-module.ts by tools/build-wasm.ts.
//
// Slicing by 16 (Kounavis and Berry, "A systematic approach to building high performance, software-based, CRC
// generators", 2005): sixteen tables of 256 words, one look-up for each byte, all independent of one another, so that only one
// chain of XORs goes from 16 bytes to the next. The caller (../../crc64.ts) owns the memory and every address in it. Values in
// memory are little-endian and finished, that is, inverted at both ends.
//
// Each `@ts-ignore: decorator` is for editors: TypeScript has no decorators on functions, AssemblyScript's `@inline` is one.

/** Reflected: the lowest bit is the coefficient of x^63. */
const polynomial: u64 = 0x9a6c9329ac4bc9b5;

/** Fills the 32 KiB from `tables`: word `256 · k + value` is the remainder of the byte `value` followed by k zero bytes. */
export function makeTables(tables: usize): void {
  for (let value: u32 = 0; value < 256; value++) {
    let crc: u64 = value;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    store<u64>(tables + (value << 3), crc);
  }
  for (let at: usize = tables + 2048; at < tables + 16 * 2048; at += 8) {
    const before = load<u64>(at - 2048);
    store<u64>(at, load<u64>(tables + (<usize>(before & 0xff) << 3)) ^ (before >>> 8));
  }
}

// @ts-ignore: decorator
@inline function slot(tables: usize, k: usize, byte: u64): u64 {
  return load<u64>(tables + k * 2048 + (<usize>(byte & 0xff) << 3));
}

/** The remainder of eight bytes followed by `k` zero bytes. */
// @ts-ignore: decorator
@inline function eight(tables: usize, k: usize, word: u64): u64 {
  return (
    slot(tables, k + 7, word) ^ slot(tables, k + 6, word >>> 8) ^
    slot(tables, k + 5, word >>> 16) ^ slot(tables, k + 4, word >>> 24) ^
    slot(tables, k + 3, word >>> 32) ^ slot(tables, k + 2, word >>> 40) ^
    slot(tables, k + 1, word >>> 48) ^ slot(tables, k, word >>> 56)
  );
}

/** Goes on from the value at `state` with `length` bytes at `from`; the new value is at `state` afterwards. */
export function update(state: usize, tables: usize, from: usize, length: usize): void {
  let crc = ~load<u64>(state);
  let at = from;
  const end = from + length;
  for (; at + 16 <= end; at += 16) crc = eight(tables, 8, load<u64>(at) ^ crc) ^ eight(tables, 0, load<u64>(at, 8));
  for (; at < end; at++) crc = slot(tables, 0, crc ^ load<u8>(at)) ^ (crc >>> 8);
  store<u64>(state, ~crc);
}

/** The product of two polynomials modulo the generator. */
function multiply(left: u64, right: u64): u64 {
  let product: u64 = 0;
  let factor = right;
  for (let bit = 63; bit >= 0; bit--) {
    product ^= factor & (0 - ((left >>> bit) & 1));
    factor = (factor >>> 1) ^ (polynomial & (0 - (factor & 1)));
  }
  return product;
}

/** The value of left ‖ right at `left`, from the values of both and the length of the right part. */
export function join(left: usize, right: usize, lengthHigh: u32, lengthLow: u32): void {
  let power: u64 = 0x8000000000000000;
  let square: u64 = 0x0080000000000000;
  for (let rest = ((<u64>lengthHigh) << 32) | lengthLow; rest > 0; rest >>>= 1) {
    if (rest & 1) power = multiply(square, power);
    square = multiply(square, square);
  }
  store<u64>(left, multiply(power, load<u64>(left)) ^ load<u64>(right));
}
