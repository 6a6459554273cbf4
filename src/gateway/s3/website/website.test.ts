import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import fc from 'fast-check'

import { S3World } from '../testing/s3-world.ts'
import type { S3Answer, S3RequestOptions } from '../testing/s3-world.ts'

const configuration = `<WebsiteConfiguration>
  <IndexDocument><Suffix>index.html</Suffix></IndexDocument>
  <ErrorDocument><Key>error.html</Key></ErrorDocument>
  <RoutingRules>
    <RoutingRule><Condition><KeyPrefixEquals>old/</KeyPrefixEquals></Condition>
      <Redirect><ReplaceKeyPrefixWith>new/</ReplaceKeyPrefixWith></Redirect></RoutingRule>
    <RoutingRule><Condition><KeyPrefixEquals>lost/</KeyPrefixEquals>
      <HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals></Condition>
      <Redirect><HostName>found.example</HostName><Protocol>https</Protocol>
        <ReplaceKeyWith>a b</ReplaceKeyWith><HttpRedirectCode>307</HttpRedirectCode></Redirect></RoutingRule>
  </RoutingRules>
</WebsiteConfiguration>`

let world: S3World
before(async () => {
  world = await S3World.start({ websiteDomains: ['S3-website.test'], domains: ['s3.test'] })
  await world.send('PUT', '/site')
  await world.send('PUT', '/site?website', { body: configuration })
  await open('site', ['s3:GetObject'])
  const type = { 'Content-Type': 'text/html' }
  for (const key of ['index.html', 'docs/index.html', 'both', 'both/index.html'])
    await world.send('PUT', `/site/${key}`, { body: `<p>${key}`, headers: type })
  await world.send('PUT', '/site/error.html', { body: 'the error page', headers: type })
  await world.send('PUT', '/site/moved', { headers: { 'x-amz-website-redirect-location': 'https://web.example/x?y' } })
})
after(async () => {
  await world[Symbol.asyncDispose]()
})

/** Lets everybody do it in a bucket; listing too where it is among the actions. */
async function open(bucket: string, actions: readonly string[]): Promise<void> {
  const Resource = [`arn:aws:s3:::${bucket}/*`, `arn:aws:s3:::${bucket}`]
  const Statement = [{ Effect: 'Allow', Principal: '*', Action: actions, Resource }]
  const body = JSON.stringify({ Version: '2012-10-17', Statement })
  assert.equal((await world.send('PUT', `/${bucket}?policy`, { body })).status, 204)
}

async function visit(
  path: string,
  options: S3RequestOptions & { readonly method?: string; readonly site?: string } = {},
) {
  const { method = 'GET', site = 'site', ...more } = options
  return await world.send(method, path, { as: null, host: `${site}.s3-website.test`, ...more })
}

async function seen(path: string, options: Parameters<typeof visit>[1] = {}): Promise<string> {
  const { status, text, headers } = await visit(path, options)
  return `${status} ${headers.location ?? text}`
}

describe('the website of a bucket', () => {
  it('shows index documents for folders, and objects as they are', async () => {
    assert.equal(await seen('/'), '200 <p>index.html')
    assert.equal(await seen('/docs/'), '200 <p>docs/index.html')
    assert.equal(await seen('/both'), '200 <p>both')
    const page = await visit('/?versionId=x&acl')
    assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html'])
    const head = await visit('/docs/', { method: 'HEAD' })
    assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '18'])
    assert.equal(await seen('/', { headers: { Range: 'bytes=0-2' } }), '206 <p>')
    assert.equal((await visit('/', { headers: { 'If-None-Match': String(page.headers.etag) } })).status, 304)
  })

  it('sends the browser to the folder where its slash was left out', async () => {
    assert.equal(await seen('/docs'), '302 /docs/')
    await world.send('PUT', '/site/%C3%BC%20%3F/index.html', { body: 'x' })
    assert.equal(await seen('/%C3%BC%20%3F'), '302 /%C3%BC%20%3F/')
  })

  it('redirects by rules, by an object, and as a whole', async () => {
    assert.equal(await seen('/old/a%20b'), '301 http://site.s3-website.test/new/a%20b')
    assert.equal(await seen('/moved'), '301 https://web.example/x?y')
    assert.equal(
      (await world.send('GET', '/site/moved')).headers['x-amz-website-redirect-location'],
      'https://web.example/x?y',
    )
    await world.send('PUT', '/all-away')
    const body =
      '<WebsiteConfiguration><RedirectAllRequestsTo><HostName>web.example</HostName><Protocol>https</Protocol>' +
      '</RedirectAllRequestsTo></WebsiteConfiguration>'
    await world.send('PUT', '/all-away?website', { body })
    assert.equal(await seen('/x/y', { site: 'all-away' }), '301 https://web.example/x/y')
    assert.equal(await seen('/x/y?a=b%20c', { site: 'all-away' }), '301 https://web.example/x/y?a=b%20c')
    assert.equal(await seen('/old/a?b', {}), '301 http://site.s3-website.test/new/a?b')
  })

  it('shows its error document with the status of the error', async () => {
    // Who may not list the bucket is not told that something is not there.
    assert.equal(await seen('/none'), '403 the error page')
    assert.equal(await seen('/lost/x'), '403 the error page')
    await open('site', ['s3:GetObject', 's3:ListBucket'])
    assert.equal(await seen('/none', { headers: { 'If-None-Match': '*', 'Range': 'bytes=0-1' } }), '404 the error page')
    assert.equal(await seen('/lost/x'), '307 https://found.example/a%20b')
    const head = await visit('/none', { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers['content-length']], [404, '14'])
    await open('site', ['s3:GetObject'])
  })

  it('is only what everybody may see, whoever asks', async () => {
    await world.send('PUT', '/closed')
    await world.send('PUT', '/closed?website', { body: configuration })
    await world.send('PUT', '/closed/index.html', { body: 'secret' })
    for (const as of [null, world.root]) {
      const answer = await visit('/', { site: 'closed', as })
      assert.equal(answer.status, 403)
      assert.match(answer.text, /<li>Code: AccessDenied<\/li>/)
      assert.match(answer.text, /Custom Error Document<\/h3>\n<ul><li>Code: AccessDenied/)
      assert.doesNotMatch(answer.text, /secret/)
    }
    assert.equal((await visit('/docs', { site: 'closed' })).status, 403)
  })

  it('answers errors as pages in which nothing of the request is markup', async () => {
    const without = await visit('/', { site: 'no-such-bucket' })
    assert.deepEqual([without.status, without.headers['x-amz-error-code']], [404, 'NoSuchBucket'])
    assert.equal(without.headers['content-type'], 'text/html; charset=utf-8')
    await world.send('PUT', '/no-site')
    assert.match((await visit('/', { site: 'no-site' })).text, /Code: NoSuchWebsiteConfiguration.*BucketName: no-site/s)
    await open('no-site', ['s3:ListBucket', 's3:GetObject'])
    const body = '<WebsiteConfiguration><IndexDocument><Suffix>i</Suffix></IndexDocument></WebsiteConfiguration>'
    await world.send('PUT', '/no-site?website', { body })
    const scripted = await visit('/%3Cscript%3E%22%27&', { site: 'no-site' })
    assert.equal(scripted.status, 404)
    assert.match(scripted.text, /<li>Key: &lt;script&gt;&quot;&#39;&amp;<\/li>/)
    assert.equal((await visit('/%ff', { site: 'no-site' })).status, 400)
    for (const method of ['PUT', 'POST', 'DELETE', 'PATCH']) {
      const refused = await visit('/x', { method, site: 'no-site' })
      assert.deepEqual([refused.status, refused.headers.allow], [405, 'GET, HEAD'])
    }
  })

  it('has the CORS of its bucket', async () => {
    const body =
      '<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>http://a.example</AllowedOrigin>' +
      '</CORSRule></CORSConfiguration>'
    await world.send('PUT', '/site?cors', { body })
    const headers = { Origin: 'http://a.example' }
    assert.equal((await visit('/', { headers })).headers['access-control-allow-origin'], 'http://a.example')
    assert.equal((await visit('/none', { headers })).headers['access-control-allow-origin'], 'http://a.example')
    const preflight = { ...headers, 'Access-Control-Request-Method': 'GET' }
    assert.equal((await visit('/', { method: 'OPTIONS', headers: preflight })).status, 200)
    assert.equal(
      (await visit('/', { method: 'OPTIONS', headers: { ...preflight, Origin: 'http://b.example' } })).status,
      403,
    )
  })

  it('leaves other hosts to the API', async () => {
    assert.equal((await world.send('GET', '/', { host: 'site.s3.test' })).status, 200)
    assert.equal((await world.send('GET', '/', { host: 'site.s3.test', as: null })).status, 403)
    assert.equal((await world.send('GET', '/site/index.html', { host: 's3-website.test' })).status, 200)
  })

  it('answers any path with a page, a redirect or an object, never with a failure', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async (text) => {
        const answer: S3Answer = await visit(`/${encodeURI(text.toWellFormed()).replaceAll(/[?#]/g, '%')}`)
        assert.ok(answer.status < 500 && !answer.text.includes('<Error>'), `${answer.status} ${answer.text}`)
      }),
      { numRuns: 100 },
    )
    assert.equal(world.objects.readersOpen, 0)
  })
})
