import { now } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import { parseDigest } from '#oci/digest.ts'
import { formatPlatform, matchesPlatform } from '#oci/platform.ts'
import { parseReference, withDefaultTag, withDigest, withTag } from '#oci/reference.ts'
import type { Reference } from '#oci/reference.ts'
import { readPlatform } from '#api/handlers/query-platform.ts'
import { type Answer, empty, json } from '#api/answer.ts'
import { type Call, isSince, pathParam, queryBool, queryText } from '#api/call.ts'
import { imageFilterKeys, imagePredicate, shownNames } from '#api/filters/images.ts'
import {
  type ImageFacts,
  toDeleteItem,
  toHistoryItem,
  toImageInspect,
  toImageSummary,
} from '#api/mapping/image.ts'
import { imageUsers } from '#api/usage.ts'
import { parseFilters } from '#wire/filters.ts'

export function listImages(call: Call): Answer {
  const { engine } = call
  const filters = parseFilters(call.query.get('filters'), imageFilterKeys)
  const matches = imagePredicate(engine.images, filters, now())
  const isShown = shownNames(filters)
  const facts = imageFacts(call)
  const countsContainers = isSince(call, '1.51')
  const containers = countsContainers ? engine.containers.list() : []
  const images = engine.images
    .list()
    .filter(matches)
    .toSorted((a, b) => Number(b.createdAt - a.createdAt))
  return json(
    images.map((image) =>
      toImageSummary(
        {
          ...image,
          repoTags: image.repoTags.filter(isShown),
          repoDigests: image.repoDigests.filter(isShown),
        },
        {
          ...facts,
          containers: countsContainers ? imageUsers(containers, image.id).length : -1,
        },
      ),
    ),
  )
}

export function inspectImage(call: Call): Answer {
  const image = call.engine.images.get(pathParam(call, 'name'))
  checkPlatforms(call, 'platform')
  return json(toImageInspect(image, imageFacts(call)))
}

export function imageHistory(call: Call): Answer {
  const name = pathParam(call, 'name')
  checkPlatforms(call, 'platform')
  return json(call.engine.images.history(name).map(toHistoryItem))
}

export function tagImage(call: Call): Answer {
  const repository = queryText(call, 'repo')
  if (repository === undefined) {
    throw new EngineError('invalid_argument', 'invalid reference format')
  }
  const target = namedReference(repository, queryText(call, 'tag'))
  if (target.digest !== undefined) {
    throw new EngineError('invalid_argument', 'refusing to create a tag with a digest reference')
  }
  call.engine.images.tag(pathParam(call, 'name'), target)
  return empty(201)
}

export async function removeImage(call: Call): Promise<Answer> {
  const { containers, images } = call.engine
  checkPlatforms(call, 'platforms')
  const removed = await images.remove(pathParam(call, 'name'), {
    force: queryBool(call, 'force'),
    noPrune: queryBool(call, 'noprune'),
    usedBy: (id) => imageUsers(containers.list(), id),
  })
  return json(removed.map(toDeleteItem))
}

/** An image is kept for one platform: to ask for another is to ask for what is not there. */
function checkPlatforms(call: Call, key: string): void {
  const name = pathParam(call, 'name')
  for (const text of call.query.getAll(key)) {
    const wanted = readPlatform(text)
    if (matchesPlatform(wanted, call.engine.images.get(name).platform)) continue
    throw new EngineError(
      'not_found',
      `image with reference ${name} was found but does not provide the specified platform (${formatPlatform(wanted)})`,
    )
  }
}

/** A name with the tag or digest that came beside it, `latest` without any. */
export function namedReference(name: string, tagOrDigest: string | undefined): Reference {
  const reference = parseReference(name)
  if (tagOrDigest === undefined) return withDefaultTag(reference)
  if (tagOrDigest.includes(':')) return withDigest(reference, parseDigest(tagOrDigest))
  return withTag(reference, tagOrDigest)
}

function imageFacts({ engine, version }: Call): ImageFacts {
  return { version, storageDriver: engine.storageDriver, containers: -1 }
}
