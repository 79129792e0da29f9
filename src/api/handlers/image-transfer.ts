import type { IncomingMessage } from 'node:http'
import { EngineError, findEngineError } from '#base/errors.ts'
import { parseImportSource } from '#image/import-source.ts'
import { parseReference, withTag } from '#oci/reference.ts'
import type { Answer } from '#api/answer.ts'
import { type Call, pathParam, queryText } from '#api/call.ts'
import { contentTypes } from '#api/headers.ts'
import { queryPlatform } from '#api/handlers/query-platform.ts'
import { namedReference } from '#api/handlers/images.ts'
import { parseRegistryAuth } from '#api/mapping/registry-auth.ts'
import { progressAnswer } from '#api/progress-stream.ts'

/** `POST /images/create`: a pull, or with `fromSrc` the import of a root filesystem. */
export function createImage(call: Call): Answer {
  const fromImage = queryText(call, 'fromImage')
  const fromSource = queryText(call, 'fromSrc')
  if (fromImage !== undefined) return pullImage(call, fromImage)
  if (fromSource !== undefined) return importImage(call, fromSource)
  throw new EngineError('invalid_argument', 'create image: neither fromImage nor fromSrc is given')
}

function pullImage(call: Call, name: string): Answer {
  const tag = queryText(call, 'tag')
  // Without tag and digest every tag is meant; `docker pull -a` may leave the colon.
  const named = parseReference(name.replace(/:$/, ''))
  const isAll = (tag ?? named.tag ?? named.digest) === undefined
  const reference = isAll ? named : namedReference(name, tag)
  const auth = parseRegistryAuth(call.request.headers['x-registry-auth'])
  const options = {
    reference,
    headers: registryHeaders(call.request),
    ...(auth ? { auth } : {}),
    ...queryPlatform(call),
  }
  return progressAnswer(async (onProgress) => {
    const { images } = call.engine
    const pulling = { ...options, onProgress }
    await refusedByRegistry(
      isAll ? images.pullAll(pulling, call.signal) : images.pull(pulling, call.signal),
    )
  })
}

/** Docker answers 500 when a registry refuses the credentials; 401 and 403 are refusals of this API. */
async function refusedByRegistry(pull: Promise<unknown>): Promise<void> {
  try {
    await pull
  } catch (error) {
    const found = findEngineError(error)
    if (found?.kind !== 'permission_denied') throw error
    const { message, hint } = found
    throw new EngineError('internal', message, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    })
  }
}

function importImage(call: Call, source: string): Answer {
  const rootfs = parseImportSource(source, call.request)
  const repository = queryText(call, 'repo')
  const message = queryText(call, 'message')
  const options = {
    ...(repository === undefined
      ? {}
      : { reference: namedReference(repository, queryText(call, 'tag')) }),
    ...(message === undefined ? {} : { message }),
    changes: call.query.getAll('changes'),
    ...queryPlatform(call),
  }
  return progressAnswer(async (onProgress) => {
    await call.engine.images.import(rootfs, { ...options, onProgress }, call.signal)
  })
}

/** `POST /images/load`: a docker-archive or OCI layout as the request body. */
export function loadImages(call: Call): Answer {
  const options = queryPlatform(call)
  return progressAnswer(async (onProgress) => {
    await call.engine.images.load(call.request, { ...options, onProgress }, call.signal)
  })
}

/** `POST /images/{name}/push`: one tag, or without `tag` all of the repository's. */
export function pushImage(call: Call): Answer {
  const named = parseReference(pathParam(call, 'name'))
  if (named.digest !== undefined) {
    throw new EngineError('invalid_argument', 'cannot push a digest reference')
  }
  const tag = queryText(call, 'tag')
  const auth = parseRegistryAuth(call.request.headers['x-registry-auth'])
  const options = {
    reference: tag === undefined ? named : withTag(named, tag),
    headers: registryHeaders(call.request),
    ...(auth ? { auth } : {}),
    ...queryPlatform(call),
  }
  return progressAnswer(async (onProgress) => {
    await call.engine.images.push({ ...options, onProgress }, call.signal)
  })
}

/** `GET /images/{name}/get`. */
export async function saveImage(call: Call): Promise<Answer> {
  return await savedArchive(call, [pathParam(call, 'name')])
}

/** `GET /images/get?names=…`: the names repeated, or with commas. */
export async function saveImages(call: Call): Promise<Answer> {
  const names = call.query.getAll('names').flatMap((text) => text.split(','))
  return await savedArchive(
    call,
    names.filter((name) => name !== ''),
  )
}

async function savedArchive(call: Call, names: readonly string[]): Promise<Answer> {
  const chunks = await call.engine.images.save(names, queryPlatform(call), call.signal)
  return { type: 'stream', contentType: contentTypes.tar, flush: 'first-chunk', chunks }
}

/** `X-Meta-*` headers go on to the registry. */
function registryHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      name.startsWith('x-meta-') && typeof value === 'string' ? [[name, value]] : [],
    ),
  )
}
