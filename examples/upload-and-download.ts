// Stores a file, reads it back, whole and in part, lists it and deletes it again.
//
//   npm start                                      (in another terminal)
//   npx node examples/upload-and-download.ts [URL]

import { FrostByteClient, FrostByteError } from '../src/sdk/index.ts'

const client = new FrostByteClient({ url: process.argv[2] ?? 'http://127.0.0.1:8080' })

try {
  const stored = await client.upload('examples/snow.txt', 'It snows on the mountains, and on the sea.\n')
  console.log(`stored ${stored.name}, version ${stored.version}`)

  const whole = await client.download('examples/snow.txt')
  console.log(`whole: ${await new Response(whole.stream).text()}`)

  const part = await client.download('examples/snow.txt', { range: { first: 3, last: 7 } })
  console.log(`bytes 3 to 7: ${await new Response(part.stream).text()}`)

  for await (const file of client.list('examples/')) console.log(`listed: ${file.name}, ${file.sizeBytes} bytes`)

  await client.remove('examples/snow.txt')
  console.log('deleted')
} catch (error) {
  if (!(error instanceof FrostByteError)) throw error
  console.error(`${error.message} (${error.code}) ${error.remedy ?? ''}`)
  process.exitCode = 1
}
