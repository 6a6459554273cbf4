// The inner loops of the erasure code: sums of products over GF(2^8), in WebAssembly SIMD. AssemblyScript, compiled into
// ../module.ts by tools/build-wasm.ts (`npm run build:wasm`; `npm run check:wasm` compares). The mathematics is in
// docs/design/coding.md.
//
// A product by a constant is two table look-ups, one for the low and one for the high half of the byte, 16 bytes at a time
// by a shuffle (Plank, Greenan, Miller, "Screaming fast Galois field arithmetic using Intel SIMD instructions", FAST 2013).
// The caller (../../erasure-coder.ts) owns the memory and every address in it; nothing is allocated and nothing kept here.
// Shuffle indices are always below 16, where the relaxed shuffle gives the same result on every machine.
//
// In every function: `sources` is the address of `count` addresses (u32 each), `targets` likewise; `tables` is the address
// of 32 bytes for each factor, its split product table, one after the other for the sources of a row, rows `rowBytes`
// apart; bytes 0 to `length - 1` of the sources are summed into those of the targets. No target is a source. "Parity" rows
// have factor 1 for the first source, and the very first row is all ones.
//
// Each `@ts-ignore: decorator` is for editors: TypeScript has no decorators on functions, AssemblyScript's `@inline` is one.

// @ts-ignore: decorator
@inline function low(bytes: v128): v128 {
  return v128.and(bytes, i8x16.splat(0x0f));
}

// @ts-ignore: decorator
@inline function high(bytes: v128): v128 {
  return v128.and(v128.shr<u16>(bytes, 4), i8x16.splat(0x0f));
}

/** Factor · bytes, from the factor's tables and the halves of the bytes. */
// @ts-ignore: decorator
@inline function product(tableLow: v128, tableHigh: v128, lowHalf: v128, highHalf: v128): v128 {
  return v128.xor(i8x16.relaxed_swizzle(tableLow, lowHalf), i8x16.relaxed_swizzle(tableHigh, highHalf));
}

/** `sum` + factor · bytes. */
// @ts-ignore: decorator
@inline function add(sum: v128, table: usize, lowHalf: v128, highHalf: v128): v128 {
  return v128.xor(sum, product(v128.load(table), v128.load(table, 16), lowHalf, highHalf));
}

// @ts-ignore: decorator
@inline function address(addresses: usize, index: u32): usize {
  return load<u32>(addresses + (index << 2));
}

/** The bytes after the last whole vectors, one row. */
function tail(sources: usize, count: u32, tables: usize, target: usize, from: u32, length: u32): void {
  for (let at = from; at < length; at++) {
    let sum: u8 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const byte = load<u8>(address(sources, i) + at);
      const table = tables + (i << 5);
      sum ^= load<u8>(table + (byte & 15)) ^ load<u8>(table + (byte >> 4), 16);
    }
    store<u8>(target + at, sum);
  }
}

/**
 * The pattern of all kernels: `rows` (1 to 4) and `isParity` are constants where it is used, so each use compiles to a loop
 * of its own that reads every source once and keeps all sums, of 32 bytes each, in registers.
 */
// @ts-ignore: decorator
@inline function pass(
  rows: u32, isParity: bool, sources: usize, count: u32, targets: usize, tables: usize, rowBytes: u32, length: u32,
): void {
  const first = address(sources, 0);
  const targetA = address(targets, 0);
  const targetB = rows > 1 ? address(targets, 1) : 0;
  const targetC = rows > 2 ? address(targets, 2) : 0;
  const targetD = rows > 3 ? address(targets, 3) : 0;
  let at: u32 = 0;
  for (; at + 32 <= length; at += 32) {
    let a0 = i64x2.splat(0);
    let a1 = i64x2.splat(0);
    let i: u32 = 0;
    if (isParity) {
      a0 = v128.load(first + at);
      a1 = v128.load(first + at, 16);
      i = 1;
    }
    let b0 = a0, b1 = a1, c0 = a0, c1 = a1, d0 = a0, d1 = a1;
    for (; i < count; i++) {
      const source = address(sources, i) + at;
      let table = tables + (i << 5);
      const x0 = v128.load(source);
      const x1 = v128.load(source, 16);
      const l0 = low(x0), h0 = high(x0), l1 = low(x1), h1 = high(x1);
      if (isParity) {
        a0 = v128.xor(a0, x0);
        a1 = v128.xor(a1, x1);
      } else {
        a0 = add(a0, table, l0, h0);
        a1 = add(a1, table, l1, h1);
      }
      if (rows > 1) {
        table += rowBytes;
        b0 = add(b0, table, l0, h0);
        b1 = add(b1, table, l1, h1);
      }
      if (rows > 2) {
        table += rowBytes;
        c0 = add(c0, table, l0, h0);
        c1 = add(c1, table, l1, h1);
      }
      if (rows > 3) {
        table += rowBytes;
        d0 = add(d0, table, l0, h0);
        d1 = add(d1, table, l1, h1);
      }
    }
    v128.store(targetA + at, a0);
    v128.store(targetA + at, a1, 16);
    if (rows > 1) {
      v128.store(targetB + at, b0);
      v128.store(targetB + at, b1, 16);
    }
    if (rows > 2) {
      v128.store(targetC + at, c0);
      v128.store(targetC + at, c1, 16);
    }
    if (rows > 3) {
      v128.store(targetD + at, d0);
      v128.store(targetD + at, d1, 16);
    }
  }
  for (let row: u32 = 0; row < rows; row++) {
    tail(sources, count, tables + row * rowBytes, address(targets, row), at, length);
  }
}

function sum1(sources: usize, count: u32, targets: usize, tables: usize, rowBytes: u32, length: u32): void {
  pass(1, false, sources, count, targets, tables, rowBytes, length);
}

function sum2(sources: usize, count: u32, targets: usize, tables: usize, rowBytes: u32, length: u32): void {
  pass(2, false, sources, count, targets, tables, rowBytes, length);
}

function sum3(sources: usize, count: u32, targets: usize, tables: usize, rowBytes: u32, length: u32): void {
  pass(3, false, sources, count, targets, tables, rowBytes, length);
}

function sum4(sources: usize, count: u32, targets: usize, tables: usize, rowBytes: u32, length: u32): void {
  pass(4, false, sources, count, targets, tables, rowBytes, length);
}

function parity1(sources: usize, count: u32, targets: usize, tables: usize, rowBytes: u32, length: u32): void {
  pass(1, true, sources, count, targets, tables, rowBytes, length);
}

function parity2(sources: usize, count: u32, targets: usize, tables: usize, rowBytes: u32, length: u32): void {
  pass(2, true, sources, count, targets, tables, rowBytes, length);
}

function parity3(sources: usize, count: u32, targets: usize, tables: usize, rowBytes: u32, length: u32): void {
  pass(3, true, sources, count, targets, tables, rowBytes, length);
}

function parity4(sources: usize, count: u32, targets: usize, tables: usize, rowBytes: u32, length: u32): void {
  pass(4, true, sources, count, targets, tables, rowBytes, length);
}

/** The parity of 3+2, the default scheme: no inner loop, and the tables in registers. */
function parity32(sources: usize, targets: usize, tables: usize, rowBytes: u32, length: u32): void {
  const second = tables + rowBytes;
  const s0 = address(sources, 0);
  const s1 = address(sources, 1);
  const s2 = address(sources, 2);
  const targetA = address(targets, 0);
  const targetB = address(targets, 1);
  const low1 = v128.load(second, 32);
  const high1 = v128.load(second, 48);
  const low2 = v128.load(second, 64);
  const high2 = v128.load(second, 80);
  let at: u32 = 0;
  for (; at + 32 <= length; at += 32) {
    const x0 = v128.load(s0 + at);
    const x1 = v128.load(s1 + at);
    const x2 = v128.load(s2 + at);
    v128.store(targetA + at, v128.xor(v128.xor(x0, x1), x2));
    v128.store(targetB + at, v128.xor(
      v128.xor(x0, product(low1, high1, low(x1), high(x1))),
      product(low2, high2, low(x2), high(x2)),
    ));
    const y0 = v128.load(s0 + at, 16);
    const y1 = v128.load(s1 + at, 16);
    const y2 = v128.load(s2 + at, 16);
    v128.store(targetA + at, v128.xor(v128.xor(y0, y1), y2), 16);
    v128.store(targetB + at, v128.xor(
      v128.xor(y0, product(low1, high1, low(y1), high(y1))),
      product(low2, high2, low(y2), high(y2)),
    ), 16);
  }
  tail(sources, 3, tables, targetA, at, length);
  tail(sources, 3, second, targetB, at, length);
}

/** The sums of `rows` rows of any factors, up to four rows at a time. */
export function sums(
  sources: usize, count: u32, targets: usize, rows: u32, tables: usize, rowBytes: u32, length: u32,
): void {
  while (rows > 0) {
    const taken: u32 = rows > 4 ? 4 : rows;
    if (taken == 1) sum1(sources, count, targets, tables, rowBytes, length);
    else if (taken == 2) sum2(sources, count, targets, tables, rowBytes, length);
    else if (taken == 3) sum3(sources, count, targets, tables, rowBytes, length);
    else sum4(sources, count, targets, tables, rowBytes, length);
    rows -= taken;
    targets += taken << 2;
    tables += taken * rowBytes;
  }
}

/** The first `rows` parities; `tables` is that of the parity matrix. */
export function parities(
  sources: usize, count: u32, targets: usize, rows: u32, tables: usize, rowBytes: u32, length: u32,
): void {
  if (rows == 1) parity1(sources, count, targets, tables, rowBytes, length);
  else if (rows == 2 && count == 3) parity32(sources, targets, tables, rowBytes, length);
  else if (rows == 2) parity2(sources, count, targets, tables, rowBytes, length);
  else if (rows == 3) parity3(sources, count, targets, tables, rowBytes, length);
  else parity4(sources, count, targets, tables, rowBytes, length);
  if (rows > 4) sums(sources, count, targets + 16, rows - 4, tables + 4 * rowBytes, rowBytes, length);
}
