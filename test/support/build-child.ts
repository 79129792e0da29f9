/** A builder in a process of its own, to be killed in the middle of a build. */
import { openTestBuilder, tagged } from '#test/support/builder.ts'
import type { EngineIdentity } from '#test/support/identity.ts'

const identity: EngineIdentity = JSON.parse(process.argv[2] ?? '')
const dockerfile = process.argv[3] ?? ''
const builder = await openTestBuilder({ identity })
await builder.build(dockerfile, {
  tags: tagged('crash:test'),
  onEvent(event) {
    if (event.type === 'vertex-output') process.stdout.write(event.chunk)
  },
})
process.stdout.write('built\n')
