import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { S3World, textAt } from '../testing/s3-world.ts'

const rules = `<LifecycleConfiguration><Rule><ID>two days</ID><Status>Enabled</Status>
  <Filter><Prefix>tmp/</Prefix></Filter><Expiration><Days>2</Days></Expiration></Rule></LifecycleConfiguration>`

describe('x-amz-expiration', () => {
  test('says of put, get and head when the newest version goes, and by which rule', async () => {
    await using world = await S3World.start()
    await world.send('PUT', '/bucket')
    await world.send('PUT', '/bucket?versioning', {
      body: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
    })
    assert.equal((await world.send('PUT', '/bucket?lifecycle', { body: rules })).status, 200)
    const put = await world.send('PUT', '/bucket/tmp/a', { body: 'a' })
    const shown = String(put.headers['x-amz-expiration'])
    const [, date = '', rule] = /^expiry-date="([^"]*)", rule-id="([^"]*)"$/.exec(shown) ?? []
    assert.equal(rule, 'two%20days')
    assert.match(date, /00:00:00 GMT$/)
    assert.ok(Date.parse(date) > Date.now())
    for (const method of ['GET', 'HEAD'])
      assert.equal((await world.send(method, '/bucket/tmp/a')).headers['x-amz-expiration'], shown)
    const { 'x-amz-version-id': version } = put.headers
    const named = await world.send('GET', `/bucket/tmp/a?versionId=${String(version)}`)
    assert.equal(named.headers['x-amz-expiration'], undefined)
    const other = await world.send('PUT', '/bucket/other', { body: 'a' })
    assert.equal(other.headers['x-amz-expiration'], undefined)
  })
})

test('an unfinished upload has the date at which it is aborted, and by which rule', async () => {
  await using world = await S3World.start()
  await world.send('PUT', '/bucket')
  const abort = `<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix>big/</Prefix></Filter>
    <AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>
    </LifecycleConfiguration>`
  assert.equal((await world.send('PUT', '/bucket?lifecycle', { body: abort })).status, 200)
  const created = await world.send('POST', '/bucket/big/a?uploads')
  const { 'x-amz-abort-date': date, 'x-amz-abort-rule-id': rule } = created.headers
  assert.match(String(date), /00:00:00 GMT$/)
  assert.equal(rule, 'r')
  const upload = textAt(created.xml, 'UploadId')
  const listed = await world.send('GET', `/bucket/big/a?uploadId=${upload}`)
  assert.equal(listed.headers['x-amz-abort-date'], date)
  const other = await world.send('POST', '/bucket/other?uploads')
  assert.equal(other.headers['x-amz-abort-date'], undefined)
})
