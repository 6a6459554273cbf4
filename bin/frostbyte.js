#!/usr/bin/env node
// The `frostbyte` command's launcher. Plain JavaScript in old syntax, because it must be able to run on a Node.js
// that is too old for everything else, to say so: the program itself is TypeScript that Node.js runs by stripping
// its types, which works without a flag from 24.12 on. In a published package, where Node.js refuses to strip
// types, the stripped program lies in dist/ instead of src/.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `frostbyte: this is Node.js ${process.versions.node}, but frostbyte needs Node.js 24.12 or newer.\n` +
      'Remedy: in a clone of the repository, start it through npm, which brings its own Node.js ' +
      '(`npm start`, or `npm run frostbyte -- ARGUMENTS`);\n' +
      'elsewhere, install a newer Node.js (https://nodejs.org).\n',
  )
  process.exitCode = 1
} else {
  const { enableCompileCache } = await import('node:module')
  const { existsSync } = await import('node:fs')
  enableCompileCache() // the start costs 0.15 instead of 0.8 CPU-seconds
  const source = new URL('../src/main.ts', import.meta.url)
  await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href)
}
