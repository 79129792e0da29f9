import { EngineError } from '#base/errors.ts'
import type { CreateContainerRequest } from '#container/types.ts'
import { parsePlatform } from '#oci/platform.ts'
import { type Answer, json } from '#api/answer.ts'
import { requireJsonBody } from '#api/body.ts'
import { type Call, isSince, queryText } from '#api/call.ts'
import { toCreateRequest } from '#api/mapping/create-request.ts'
import { ContainerCreateBody, type CreateResponse } from '#wire/containers.ts'

export async function createContainer(call: Call): Promise<Answer> {
  const body = await requireJsonBody(call.request, ContainerCreateBody)
  checkMacAddress(call, body)
  const { id, warnings } = await call.engine.containers.create(toRequest(call, body), call.signal)
  return json({ Id: id, Warnings: warnings } satisfies CreateResponse, 201)
}

function toRequest(call: Call, body: ContainerCreateBody): CreateContainerRequest {
  const { logDriver, logOptions } = call.engine.config
  const platform = queryText(call, 'platform')
  return toCreateRequest(
    body,
    {
      name: queryText(call, 'name'),
      platform: platform === undefined ? undefined : parsePlatform(platform),
    },
    { logDriver, logOptions },
  )
}

/** Since 1.52 a MAC address belongs to an endpoint. */
function checkMacAddress(call: Call, body: ContainerCreateBody): void {
  if (body.MacAddress && isSince(call, '1.52')) {
    throw new EngineError(
      'invalid_argument',
      'container-wide MAC address no longer supported; use endpoint-specific MAC address instead',
    )
  }
}
