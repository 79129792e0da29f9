import { EngineError } from '#base/errors.ts'
import type { Client } from '#client/client.ts'

/** The id of the build that began last. @throws EngineError not_found when there is none */
export async function newestBuild(client: Client): Promise<string> {
  const [newest] = await client.builds.list()
  if (newest) return newest.Id
  throw new EngineError('not_found', 'no build was done yet')
}
