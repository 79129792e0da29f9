/**
 * The worker thread that reads and copies trees with synchronous calls. Layers are read from
 * inside a chroot; copies have two roots, so their paths are resolved instead.
 */
import { parentPort } from 'node:worker_threads'
import { EngineError, errnoOf, errorKind, errorMessage, findEngineError } from '#base/errors.ts'
import { detachThreadRoot } from '#sys/chroot.ts'
import { copySelection } from '#sys/trees/copy.ts'
import { digestLayerTree } from '#sys/trees/layer-digest.ts'
import { makeDirectories } from '#sys/trees/make-directories.ts'
import type { TreeFailure, TreeReply, TreeRequest, TreeResults } from '#sys/trees/messages.ts'
import { digestSelection } from '#sys/trees/selection-digest.ts'

const port = parentPort
if (!port) throw new EngineError('internal', 'tree worker: not a worker thread')
const root = detachThreadRoot()

port.on('message', (request: TreeRequest) => {
  let reply: TreeReply
  try {
    reply = { type: 'done', result: perform(request) }
  } catch (error) {
    reply = { type: 'failed', failure: toFailure(error) }
  }
  port.postMessage(reply)
})

function perform(request: TreeRequest): TreeResults[TreeRequest['type']] {
  switch (request.type) {
    case 'digest-layer':
      root.enter(request.directory)
      try {
        return digestLayerTree(request.latestTime)
      } finally {
        root.leave()
      }
    case 'select':
      return digestSelection(request.source, request.selection, request.listingDirectory)
    case 'copy':
      return copySelection(request)
    case 'make-directory':
      makeDirectories(request.directory)
      return null
  }
}

function toFailure(error: unknown): TreeFailure {
  const errno = errnoOf(error)
  const hint = findEngineError(error)?.hint
  const isFull = errno === 'ENOSPC' || errno === 'EDQUOT'
  return {
    kind: isFull ? 'resource_exhausted' : errorKind(error),
    message: isFull ? 'no space left on device' : errorMessage(error),
    ...(errno === undefined ? {} : { errno }),
    ...(hint === undefined ? {} : { hint }),
  }
}
