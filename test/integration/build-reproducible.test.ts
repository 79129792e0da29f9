import assert from 'node:assert/strict'
import { lstatSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { openTestBuilder, tagged, type TestBuilder } from '#test/support/builder.ts'

const dockerfile = `FROM busybox AS tools
RUN mkdir -p /t/deep && date +%N > /dev/null && echo tool > /t/deep/tool && ln -s tool /t/deep/link
FROM busybox
ARG SOURCE_DATE_EPOCH
WORKDIR /app
COPY . .
COPY --from=tools /t /t
COPY --link --chmod=640 a /linked/a
RUN echo built > made && touch -d @978307200 old
`

const files = { a: '1', 'd/b': '2' }
const epoch = 1_600_000_000

async function built(builder: TestBuilder, buildArgs: ReadonlyMap<string, string>) {
  const { imageId, descriptor } = await builder.build(dockerfile, {
    files,
    buildArgs,
    tags: tagged('same:test'),
  })
  return { imageId, descriptor }
}

test('SOURCE_DATE_EPOCH: the same input gives the same digest on two data roots', async () => {
  const one = await openTestBuilder()
  const two = await openTestBuilder()
  try {
    const buildArgs = new Map([['SOURCE_DATE_EPOCH', String(epoch)]])
    const first = await built(one, buildArgs)
    assert.deepEqual(await built(two, buildArgs), first)
    assert.equal(one.images.get('same:test').config.created, '2020-09-13T12:26:40Z')
    await one.inspect('same:test', (root) => {
      for (const path of ['app/made', 'app/a', 't/deep/link', 'linked/a', 'app/d']) {
        assert.equal(lstatSync(join(root, path)).mtimeMs, epoch * 1000, path)
      }
      assert.equal(lstatSync(join(root, 'app/old')).mtimeMs, 978_307_200_000, 'older times stay')
    })
    assert.notDeepEqual(await built(one, new Map()), first)
  } finally {
    await one.close()
    await two.close()
  }
})

test('without it, times of files do not change keys', async () => {
  const builder = await openTestBuilder()
  try {
    const context = join(builder.identity.root, 'contexts/1')
    await builder.build('FROM busybox\nCOPY . /x\n', { files })
    utimesSync(join(context, 'a'), 1, 1)
    const { ran } = await builder.build('FROM busybox\nCOPY . /x\n', { context })
    assert.deepEqual(ran, [])
  } finally {
    await builder.close()
  }
})
