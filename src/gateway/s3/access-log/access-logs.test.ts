import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { HOUR_MS } from '../../../base/units.ts'
import { S3World, textsAt } from '../testing/s3-world.ts'
import type { S3Answer } from '../testing/s3-world.ts'

const anHour = { accessLogsEveryMs: HOUR_MS, websiteDomains: ['web.test'] }

function setting(more = ''): string {
  const target = '<TargetBucket>logs</TargetBucket><TargetPrefix>site/</TargetPrefix>'
  return `<BucketLoggingStatus><LoggingEnabled>${target}${more}</LoggingEnabled></BucketLoggingStatus>`
}

const targetGrants =
  '<TargetGrants><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group">' +
  '<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant></TargetGrants>'

/** As AWS's guide has it. */
const leave = {
  Effect: 'Allow',
  Principal: { Service: 'logging.s3.amazonaws.com' },
  Action: 's3:PutObject',
  Resource: 'arn:aws:s3:::logs/site/*',
  Condition: {
    ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::site' },
    StringEquals: { 'aws:SourceAccount': '000000000000' },
  },
}

async function policy(world: S3World, bucket: string, ...Statement: readonly object[]): Promise<void> {
  const body = JSON.stringify({ Version: '2012-10-17', Statement })
  assert.equal((await world.send('PUT', `/${bucket}?policy`, { body })).status, 204)
}

async function loggedWorld(statements: readonly object[] = [leave], options = anHour): Promise<S3World> {
  const world = await S3World.start(options)
  await world.send('PUT', '/site')
  await world.send('PUT', '/logs')
  if (statements.length > 0) await policy(world, 'logs', ...statements)
  const put = await world.send('PUT', '/site?logging', { body: setting() })
  assert.equal(put.status, 200, put.text)
  return world
}

/** What stands in the target, after the process has stopped as it should. */
async function logsOf(
  world: S3World,
): Promise<{ readonly keys: readonly string[]; readonly lines: readonly string[] }> {
  await world.gateway.close(0)
  const page = await world.objects.list({ bucket: 'logs', limit: 1_000 })
  const keys = page.entries.map(({ key }) => key)
  const texts = keys.map((key) => Buffer.from(world.objects.bytesOf('logs', key) ?? []).toString())
  return { keys, lines: texts.flatMap((text) => text.split('\n').filter((line) => line !== '')) }
}

describe('access logs', () => {
  it('have a line for each request of the bucket, errors and requests of nobody too', async () => {
    const world = await loggedWorld()
    const get = await world.send('GET', '/site?logging')
    assert.deepEqual(textsAt(get.xml, 'LoggingEnabled', 'TargetBucket'), ['logs'])
    await world.send('PUT', '/site/a%20b', {
      body: 'hello',
      headers: { 'User-Agent': 'agent x', 'Referer': 'http://r' },
    })
    await world.send('GET', '/site/a%20b')
    await world.send('GET', '/site/none')
    await world.send('GET', '/site/a%20b', { as: null })
    await world.send('GET', '/site/a%20b', { as: { ...world.root, secret: 'wrong' } })
    await world.send('GET', world.presigned('GET', '/site/a%20b'), { as: null })
    await world.send('PUT', '/logs/unlogged')
    await world.send('GET', '/')
    const body =
      '<Delete><Object><Key>a b</Key></Object><Object><Key>c</Key><VersionId>null</VersionId></Object></Delete>'
    await world.send('POST', '/site?delete', { body })
    await world.send('GET', '/', { host: 'site.web.test', as: null })
    await world.send('OPTIONS', '/site/x', {
      headers: { 'Origin': 'http://o', 'Access-Control-Request-Method': 'GET' },
      as: null,
    })
    const { keys, lines } = await logsOf(world)
    assert.equal(keys.filter((key) => /^site\/\d{4}(-\d\d){5}-[0-9A-F]{16}$/.test(key)).length, 1, keys.join())
    const seen = lines.map((line) => {
      const told = (line.match(/"[^"]*"|\[[^\]]*\]|\S+/g) ?? []).slice(6, 13)
      // Of the bytes that were sent, and of how the request was presigned, the figures are not the same each time.
      return told
        .with(5, 'N')
        .join(' ')
        .replace(/\?X-Amz\S*/, '?…')
    })
    assert.deepEqual(seen, [
      'REST.GET.LOGGING_STATUS - "GET /site?logging HTTP/1.1" 200 - N -',
      'REST.PUT.OBJECT a%20b "PUT /site/a%20b HTTP/1.1" 200 - N 5',
      'REST.GET.OBJECT a%20b "GET /site/a%20b HTTP/1.1" 200 - N 5',
      'REST.GET.OBJECT none "GET /site/none HTTP/1.1" 404 NoSuchKey N -',
      'REST.GET.OBJECT a%20b "GET /site/a%20b HTTP/1.1" 403 AccessDenied N -',
      'REST.GET.OBJECT a%20b "GET /site/a%20b HTTP/1.1" 403 SignatureDoesNotMatch N -',
      'REST.GET.OBJECT a%20b "GET /site/a%20b?… HTTP/1.1" 200 - N 5',
      'REST.POST.MULTI_OBJECT_DELETE - "POST /site?delete HTTP/1.1" 200 - N -',
      'BATCH.DELETE.OBJECT a%20b "-" 204 - N -',
      'BATCH.DELETE.OBJECT c "-" 204 - N -',
      'WEBSITE.GET.OBJECT - "GET / HTTP/1.1" 404 NoSuchWebsiteConfiguration N -',
      'REST.OPTIONS.PREFLIGHT x "OPTIONS /site/x HTTP/1.1" 403 AccessForbidden N -',
    ])
    assert.match(
      lines[1] ?? '',
      /^[0-9a-f]{64} site \[.*\] 127\.0\.0\.1 [0-9a-f]{64} \S+ .* "http:\/\/r" "agent x" - \S+ SigV4 - AuthHeader 127\.0\.0\.1:\d+ - - -$/,
    )
    assert.match(lines[4] ?? '', / 127\.0\.0\.1 - \S+ REST.*"-" "-" - \S+ - - - 127\.0\.0\.1:\d+ - - -$/)
    assert.match(lines[6] ?? '', /X-Amz-Signature=REDACTED.* SigV4 - QueryString /)
  })

  it('are written after a while, and then hold what they would have held', async () => {
    const world = await loggedWorld([leave], { ...anHour, accessLogsEveryMs: 20 })
    await world.send('PUT', '/site/x', { body: 'x' })
    const deadlineMs = Date.now() + 20_000
    while ((await world.objects.list({ bucket: 'logs', limit: 1 })).entries.length === 0) {
      assert.ok(Date.now() < deadlineMs)
      await sleep(10)
    }
    const { lines } = await logsOf(world)
    assert.equal(lines.filter((line) => line.includes('REST.PUT.OBJECT x ')).length, 1)
    assert.equal(world.objects.uploadsOpen, 0)
  })

  it('belong to the owner of the target, and say whether an ACL opened what was asked for', async () => {
    const world = await loggedWorld()
    const rule = '<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>'
    for (const bucket of ['site', 'logs']) await world.send('PUT', `/${bucket}?ownershipControls`, { body: rule })
    assert.equal((await world.send('PUT', '/site?logging', { body: setting(targetGrants) })).status, 200)
    await world.send('PUT', '/site/open', { headers: { 'x-amz-acl': 'public-read' } })
    assert.equal((await world.send('GET', '/site/open', { as: null })).status, 200)
    const owner = (await world.objects.findBucket('logs'))?.owner
    const { keys, lines } = await logsOf(world)
    assert.match(lines.at(-1) ?? '', /REST\.GET\.OBJECT open .* - Yes$/)
    const info = await world.objects.find({ bucket: 'logs', key: keys[0] ?? '' })
    assert.equal(info?.owner, owner)
    assert.match(Buffer.from(info?.extra?.['acl'] ?? []).toString(), /AllUsers/)
  })

  it('are delivered only where the target lets them in', async () => {
    const deny = { ...leave, Effect: 'Deny', Principal: '*', Condition: {} }
    const other = { ...leave, Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::other' } } }
    const cases: readonly (readonly [string, readonly object[], number])[] = [
      ['nothing gives leave', [], 0],
      ['leave', [leave], 1],
      ['leave for another bucket', [other], 0],
      ['leave, and what denies', [leave, deny], 0],
      ['leave for users', [{ ...leave, Principal: { AWS: '*' }, Condition: {} }], 1],
      ['leave for the account', [{ ...leave, Principal: { AWS: '000000000000' }, Condition: {} }], 0],
    ]
    for (const [name, statements, count] of cases) {
      const world = await loggedWorld(statements)
      await world.send('GET', '/site?logging')
      const { keys } = await logsOf(world)
      assert.equal(keys.length, count, name)
      const told = world.log.entries.filter(({ message }) => message.startsWith('Access logs were not delivered'))
      assert.equal(told.length, 1 - count, name)
    }
    const byAcl = await loggedWorld([])
    const rule = '<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>'
    await byAcl.send('PUT', '/logs?ownershipControls', { body: rule })
    await byAcl.send('PUT', '/logs?acl', { headers: { 'x-amz-acl': 'log-delivery-write' } })
    await byAcl.send('GET', '/site?logging')
    assert.equal((await logsOf(byAcl)).keys.length, 1)
  })

  it('are tried again where the target cannot be written, and lost where it is gone', async () => {
    const world = await loggedWorld([leave], { ...anHour, accessLogsEveryMs: 20 })
    await world.send('PUT', '/site/x', { body: 'x' })
    await world.objects.removeBucket('logs')
    const deadlineMs = Date.now() + 20_000
    const isTold = (): boolean => world.log.entries.some(({ message }) => message.endsWith('a bucket is gone.'))
    while (!isTold()) {
      assert.ok(Date.now() < deadlineMs)
      await sleep(10)
    }
    await world.gateway.close(0)
    assert.equal(world.objects.uploadsOpen, 0)
    assert.ok(!world.log.entries.some(({ message }) => message.startsWith('Access logs could not')))
  })

  it('are refused for a target that cannot take them', async () => {
    const world = await loggedWorld()
    const put = async (body: string): Promise<S3Answer> => await world.send('PUT', '/site?logging', { body })
    const none = await put(setting().replace('>logs<', '>none-there<'))
    assert.deepEqual([none.status, none.code], [400, 'InvalidTargetBucketForLogging'])
    const other = await world.user('other', 'admin')
    await world.send('PUT', '/others', { as: other })
    assert.equal((await put(setting().replace('>logs<', '>others<'))).code, 'InvalidTargetBucketForLogging')
    assert.equal((await put(setting(targetGrants))).code, 'AccessControlListNotSupported')
    assert.equal((await put('<BucketLoggingStatus/>')).status, 200)
    await world.send('GET', '/site?location')
    const { lines } = await logsOf(world)
    assert.equal(lines.filter((line) => line.includes('REST.GET.LOCATION')).length, 0)
  })
})
