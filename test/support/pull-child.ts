/** `node pull-child.ts <root> <reference>`: a process that pulls, for tests that kill it. */
import { openImageService } from '#test/support/image-service.ts'

const [root = '', reference = ''] = process.argv.slice(2)
await using service = await openImageService({ root })
await service.pull(reference)
