import { type Answer, json } from '#api/answer.ts'
import type { Call } from '#api/call.ts'
import { requireJsonBody } from '#api/body.ts'
import { contentTypes } from '#api/headers.ts'
import { toImageSummary } from '#api/mapping/image.ts'
import { toRegistryAuth } from '#api/mapping/registry-auth.ts'
import { toInfo, toVersion } from '#api/mapping/system.ts'
import { toVolumeBody } from '#api/mapping/volume.ts'
import { toCacheRecord } from '#api/build/cache.ts'
import { listWithSizes } from '#api/handlers/container-list.ts'
import { volumeUsers } from '#api/usage.ts'
import { AuthConfig, type AuthResponse, type DiskUsage } from '#wire/system.ts'

const pingHeaders = {
  'Builder-Version': '1',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  'Content-Type': contentTypes.plain,
  Pragma: 'no-cache',
  Swarm: 'inactive',
}

export function ping(call: Call): Answer {
  const isHead = call.request.method === 'HEAD'
  return { type: 'text', status: 200, text: isHead ? '' : 'OK', headers: pingHeaders }
}

export async function getVersion(call: Call): Promise<Answer> {
  return json(toVersion(await call.engine.systemFacts(), call.options))
}

export async function getInfo(call: Call): Promise<Answer> {
  const { engine, options } = call
  return json(
    toInfo({
      facts: await engine.systemFacts(),
      config: engine.config,
      options,
      containers: engine.containers.list(),
      imageCount: engine.images.list().length,
    }),
  )
}

export async function postAuth(call: Call): Promise<Answer> {
  const config = await requireJsonBody(call.request, AuthConfig)
  const auth = toRegistryAuth(config) ?? { type: 'basic', username: '', password: '' }
  const registry = config.serveraddress ?? 'https://index.docker.io/v1/'
  const { identityToken = '' } = await call.engine.login(registry, auth, call.signal)
  return json({
    Status: 'Login Succeeded',
    IdentityToken: identityToken,
  } satisfies AuthResponse)
}

/** Sizes of volumes are not kept: -1 says so. */
export async function getDiskUsage(call: Call): Promise<Answer> {
  const { engine, version } = call
  const containers = engine.containers.list()
  const images = engine.images.list()
  const users = volumeUsers(containers)
  const usage: DiskUsage = {
    LayersSize: images.reduce((sum, image) => sum + image.sizeBytes, 0),
    Images: images.map((image) =>
      toImageSummary(image, {
        version,
        storageDriver: engine.storageDriver,
        containers: containers.filter(({ imageId }) => imageId === image.id).length,
      }),
    ),
    Containers: await listWithSizes(call, containers),
    Volumes: engine.volumes.list().map((volume) => ({
      ...toVolumeBody(volume),
      UsageData: { Size: -1, RefCount: users.get(volume.name)?.length ?? 0 },
    })),
    BuildCache: (await engine.builder.diskUsage()).map(toCacheRecord),
  }
  return json(usage)
}
