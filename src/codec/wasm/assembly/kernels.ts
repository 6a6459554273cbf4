// The inner loops of the erasure code: sums of products over GF(2^8), in WebAssembly SIMD. AssemblyScript, compiled into
// ../module.ts by tools/build-wasm.ts (`npm run build:wasm`; `npm run check:wasm` compares).
//
// A product by a constant is two table look-ups, one for the low and one for the high half of the byte, 16 bytes at a time
// by a shuffle (Plank, Greenan, Miller, "Screaming fast Galois field arithmetic using Intel SIMD instructions", FAST 2013).
// The caller (../../erasure-coder.ts) owns the memory and every address in it; nothing is allocated and nothing kept here.
// Shuffle indices are always below 16, where the relaxed shuffle gives the same result on every machine.
//
// In every function: `sources` is the address of `count` addresses (u32 each); `tables` that of 32 bytes for each factor,
// its split product table, one after the other for the sources of a row, rows `rowBytes` apart; bytes `at` to `end - 1` of
// all sources are summed into the same bytes of the targets. A target is none of the sources.

// @ts-ignore: decorator
@inline function low(bytes: v128): v128 {
  return v128.and(bytes, i8x16.splat(0x0f));
}

// @ts-ignore: decorator
@inline function high(bytes: v128): v128 {
  return v128.and(v128.shr<u16>(bytes, 4), i8x16.splat(0x0f));
}

/** `sum` + factor · bytes, from the halves of the bytes. */
// @ts-ignore: decorator
@inline function add(sum: v128, table: usize, lowHalf: v128, highHalf: v128): v128 {
  return v128.xor(
    sum,
    v128.xor(
      i8x16.relaxed_swizzle(v128.load(table), lowHalf),
      i8x16.relaxed_swizzle(v128.load(table, 16), highHalf),
    ),
  );
}

// @ts-ignore: decorator
@inline function address(addresses: usize, index: u32): usize {
  return load<u32>(addresses + (index << 2));
}

/** The bytes after the last whole vector, for any number of rows. */
function sumTail(sources: usize, count: u32, tables: usize, target: usize, at: u32, end: u32): void {
  for (; at < end; at++) {
    let sum: u8 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const byte = load<u8>(address(sources, i) + at);
      const table = tables + (i << 5);
      sum ^= load<u8>(table + (byte & 15)) ^ load<u8>(table + (byte >> 4), 16);
    }
    store<u8>(target + at, sum);
  }
}

/** One row of any factors. */
function sum1(sources: usize, count: u32, tables: usize, target: usize, at: u32, end: u32): void {
  for (; at + 32 <= end; at += 32) {
    let a0 = i64x2.splat(0);
    let a1 = i64x2.splat(0);
    for (let i: u32 = 0; i < count; i++) {
      const source = address(sources, i) + at;
      const table = tables + (i << 5);
      const x0 = v128.load(source);
      const x1 = v128.load(source, 16);
      a0 = add(a0, table, low(x0), high(x0));
      a1 = add(a1, table, low(x1), high(x1));
    }
    v128.store(target + at, a0);
    v128.store(target + at, a1, 16);
  }
  sumTail(sources, count, tables, target, at, end);
}

/** Two rows of any factors: the sources are read once. */
function sum2(
  sources: usize, count: u32, tables: usize, rowBytes: u32, targetA: usize, targetB: usize, at: u32, end: u32,
): void {
  const tablesB = tables + rowBytes;
  for (; at + 32 <= end; at += 32) {
    let a0 = i64x2.splat(0);
    let a1 = i64x2.splat(0);
    let b0 = i64x2.splat(0);
    let b1 = i64x2.splat(0);
    for (let i: u32 = 0; i < count; i++) {
      const source = address(sources, i) + at;
      const table = i << 5;
      const x0 = v128.load(source);
      const x1 = v128.load(source, 16);
      const l0 = low(x0);
      const h0 = high(x0);
      a0 = add(a0, tables + table, l0, h0);
      b0 = add(b0, tablesB + table, l0, h0);
      const l1 = low(x1);
      const h1 = high(x1);
      a1 = add(a1, tables + table, l1, h1);
      b1 = add(b1, tablesB + table, l1, h1);
    }
    v128.store(targetA + at, a0);
    v128.store(targetA + at, a1, 16);
    v128.store(targetB + at, b0);
    v128.store(targetB + at, b1, 16);
  }
  sumTail(sources, count, tables, targetA, at, end);
  sumTail(sources, count, tablesB, targetB, at, end);
}

/** Two rows, the first a plain XOR, the second with factor 1 for the first source: the parity of k+2. */
function parity2(
  sources: usize, count: u32, tables: usize, rowBytes: u32, targetA: usize, targetB: usize, at: u32, end: u32,
): void {
  const tablesB = tables + rowBytes;
  const first = address(sources, 0);
  for (; at + 32 <= end; at += 32) {
    let a0 = v128.load(first + at);
    let a1 = v128.load(first + at, 16);
    let b0 = a0;
    let b1 = a1;
    for (let i: u32 = 1; i < count; i++) {
      const source = address(sources, i) + at;
      const table = tablesB + (i << 5);
      const x0 = v128.load(source);
      const x1 = v128.load(source, 16);
      a0 = v128.xor(a0, x0);
      b0 = add(b0, table, low(x0), high(x0));
      a1 = v128.xor(a1, x1);
      b1 = add(b1, table, low(x1), high(x1));
    }
    v128.store(targetA + at, a0);
    v128.store(targetA + at, a1, 16);
    v128.store(targetB + at, b0);
    v128.store(targetB + at, b1, 16);
  }
  sumTail(sources, count, tables, targetA, at, end);
  sumTail(sources, count, tablesB, targetB, at, end);
}

/** The parity of 3+2, its tables in registers. */
function parity32(
  sources: usize, tables: usize, rowBytes: u32, targetA: usize, targetB: usize, at: u32, end: u32,
): void {
  const tablesB = tables + rowBytes;
  const s0 = address(sources, 0);
  const s1 = address(sources, 1);
  const s2 = address(sources, 2);
  const t1l = v128.load(tablesB, 32);
  const t1h = v128.load(tablesB, 48);
  const t2l = v128.load(tablesB, 64);
  const t2h = v128.load(tablesB, 80);
  for (; at + 32 <= end; at += 32) {
    const x0 = v128.load(s0 + at);
    const x1 = v128.load(s1 + at);
    const x2 = v128.load(s2 + at);
    v128.store(targetA + at, v128.xor(v128.xor(x0, x1), x2));
    v128.store(targetB + at, v128.xor(
      v128.xor(x0, v128.xor(i8x16.relaxed_swizzle(t1l, low(x1)), i8x16.relaxed_swizzle(t1h, high(x1)))),
      v128.xor(i8x16.relaxed_swizzle(t2l, low(x2)), i8x16.relaxed_swizzle(t2h, high(x2))),
    ));
    const y0 = v128.load(s0 + at, 16);
    const y1 = v128.load(s1 + at, 16);
    const y2 = v128.load(s2 + at, 16);
    v128.store(targetA + at, v128.xor(v128.xor(y0, y1), y2), 16);
    v128.store(targetB + at, v128.xor(
      v128.xor(y0, v128.xor(i8x16.relaxed_swizzle(t1l, low(y1)), i8x16.relaxed_swizzle(t1h, high(y1)))),
      v128.xor(i8x16.relaxed_swizzle(t2l, low(y2)), i8x16.relaxed_swizzle(t2h, high(y2))),
    ), 16);
  }
  sumTail(sources, 3, tables, targetA, at, end);
  sumTail(sources, 3, tablesB, targetB, at, end);
}

/** `rows` sums of any factors, two rows at a time. */
export function sums(
  sources: usize, count: u32, targets: usize, rows: u32, tables: usize, rowBytes: u32, length: u32,
): void {
  let row: u32 = 0;
  for (; row + 2 <= rows; row += 2) {
    sum2(sources, count, tables + row * rowBytes, rowBytes, address(targets, row), address(targets, row + 1), 0, length);
  }
  if (row < rows) sum1(sources, count, tables + row * rowBytes, address(targets, row), 0, length);
}

/** The first `rows` parities: row 0 and every row's first factor are ones. `tables` starts at row 0. */
export function parities(
  sources: usize, count: u32, targets: usize, rows: u32, tables: usize, rowBytes: u32, length: u32,
): void {
  if (rows < 2) {
    sum1(sources, count, tables, address(targets, 0), 0, length);
    return;
  }
  if (count == 3) parity32(sources, tables, rowBytes, address(targets, 0), address(targets, 1), 0, length);
  else parity2(sources, count, tables, rowBytes, address(targets, 0), address(targets, 1), 0, length);
  if (rows > 2) {
    sums(sources, count, targets + 8, rows - 2, tables + 2 * rowBytes, rowBytes, length);
  }
}
