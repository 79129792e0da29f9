/** Every operation of the API, one row each; the first row that fits a request answers it. */
import type { Route } from '#api/route.ts'
import * as cache from '#api/build/cache.ts'
import { buildImage } from '#api/build/classic.ts'
import { buildSession } from '#api/build/session.ts'
import { attachContainer } from '#api/handlers/container-attach.ts'
import { createContainer } from '#api/handlers/container-create.ts'
import { inspectContainer, topContainer } from '#api/handlers/container-inspect.ts'
import * as lifecycle from '#api/handlers/container-lifecycle.ts'
import { listContainers } from '#api/handlers/container-list.ts'
import { containerLogs } from '#api/handlers/container-logs.ts'
import { waitContainer } from '#api/handlers/container-wait.ts'
import { getEvents } from '#api/handlers/events.ts'
import * as exec from '#api/handlers/exec.ts'
import {
  createImage,
  loadImages,
  pushImage,
  saveImage,
  saveImages,
} from '#api/handlers/image-transfer.ts'
import * as images from '#api/handlers/images.ts'
import * as networks from '#api/handlers/networks.ts'
import * as prune from '#api/handlers/prune.ts'
import * as system from '#api/handlers/system.ts'
import { notSupported } from '#api/handlers/unsupported.ts'
import * as volumes from '#api/handlers/volumes.ts'

// oxfmt-ignore
export const routes: readonly Route[] = [
  { method: 'HEAD', path: '/_ping', handler: system.ping },
  { method: 'GET', path: '/_ping', handler: system.ping },
  { method: 'GET', path: '/version', handler: system.getVersion },
  { method: 'GET', path: '/info', handler: system.getInfo },
  { method: 'GET', path: '/events', handler: getEvents },
  { method: 'POST', path: '/auth', handler: system.postAuth },
  { method: 'GET', path: '/system/df', handler: system.getDiskUsage },

  { method: 'GET', path: '/containers/json', handler: listContainers },
  { method: 'POST', path: '/containers/create', handler: createContainer },
  { method: 'POST', path: '/containers/prune', since: '1.25', handler: prune.pruneContainers },
  { method: 'GET', path: '/containers/{id}/json', handler: inspectContainer },
  { method: 'GET', path: '/containers/{id}/top', handler: topContainer },
  { method: 'GET', path: '/containers/{id}/logs', handler: containerLogs },
  { method: 'POST', path: '/containers/{id}/start', handler: lifecycle.startContainer },
  { method: 'POST', path: '/containers/{id}/stop', handler: lifecycle.stopContainer },
  { method: 'POST', path: '/containers/{id}/restart', handler: lifecycle.restartContainer },
  { method: 'POST', path: '/containers/{id}/kill', handler: lifecycle.killContainer },
  { method: 'POST', path: '/containers/{id}/pause', handler: lifecycle.pauseContainer },
  { method: 'POST', path: '/containers/{id}/unpause', handler: lifecycle.unpauseContainer },
  { method: 'POST', path: '/containers/{id}/rename', handler: lifecycle.renameContainer },
  { method: 'POST', path: '/containers/{id}/resize', handler: lifecycle.resizeContainer },
  { method: 'POST', path: '/containers/{id}/wait', handler: waitContainer },
  { method: 'POST', path: '/containers/{id}/attach', hijacks: true, handler: attachContainer },
  { method: 'POST', path: '/containers/{id}/exec', handler: exec.createExec },
  { method: 'DELETE', path: '/containers/{id}', handler: lifecycle.removeContainer },

  { method: 'POST', path: '/exec/{id}/start', hijacks: true, handler: exec.startExec },
  { method: 'POST', path: '/exec/{id}/resize', handler: exec.resizeExec },
  { method: 'GET', path: '/exec/{id}/json', handler: exec.inspectExec },

  { method: 'GET', path: '/images/json', handler: images.listImages },
  { method: 'POST', path: '/images/create', handler: createImage },
  { method: 'POST', path: '/images/load', handler: loadImages },
  { method: 'POST', path: '/images/prune', since: '1.25', handler: prune.pruneImages },
  { method: 'GET', path: '/images/get', handler: saveImages },
  { method: 'GET', path: '/images/{name:.*}/get', handler: saveImage },
  { method: 'POST', path: '/images/{name:.*}/push', handler: pushImage },
  { method: 'GET', path: '/images/{name:.*}/json', handler: images.inspectImage },
  { method: 'GET', path: '/images/{name:.*}/history', handler: images.imageHistory },
  { method: 'POST', path: '/images/{name:.*}/tag', handler: images.tagImage },
  { method: 'DELETE', path: '/images/{name:.*}', handler: images.removeImage },

  { method: 'POST', path: '/build', handler: buildImage },
  { method: 'POST', path: '/build/prune', since: '1.31', handler: cache.pruneBuildCache },
  { method: 'POST', path: '/build/cancel', since: '1.31', handler: cache.postCancel },

  { method: 'POST', path: '/gantry/build', hijacks: true, handler: buildSession },
  { method: 'GET', path: '/gantry/builds', handler: cache.listBuilds },
  { method: 'GET', path: '/gantry/builds/{id}', handler: cache.inspectBuild },
  { method: 'GET', path: '/gantry/builds/{id}/logs', handler: cache.buildLogs },

  { method: 'GET', path: '/networks', handler: networks.listNetworks },
  { method: 'GET', path: '/networks/', handler: networks.listNetworks },
  { method: 'GET', path: '/networks/{id}', handler: networks.inspectNetwork },
  { method: 'POST', path: '/networks/prune', since: '1.25', handler: prune.pruneNetworks },

  { method: 'GET', path: '/volumes', handler: volumes.listVolumes },
  { method: 'POST', path: '/volumes/create', handler: volumes.createVolume },
  { method: 'POST', path: '/volumes/prune', since: '1.25', handler: prune.pruneVolumes },
  { method: 'GET', path: '/volumes/{name:.*}', handler: volumes.inspectVolume },
  { method: 'DELETE', path: '/volumes/{name:.*}', handler: volumes.removeVolume },

  { method: 'GET', path: '/containers/{id}/attach/ws', handler: notSupported },
  { method: 'GET', path: '/containers/{id}/stats', handler: notSupported },
  { method: 'GET', path: '/containers/{id}/changes', handler: notSupported },
  { method: 'GET', path: '/containers/{id}/export', handler: notSupported },
  { method: 'HEAD', path: '/containers/{id}/archive', handler: notSupported },
  { method: 'GET', path: '/containers/{id}/archive', handler: notSupported },
  { method: 'PUT', path: '/containers/{id}/archive', handler: notSupported },
  { method: 'POST', path: '/containers/{id}/update', handler: notSupported },
  { method: 'POST', path: '/commit', handler: notSupported },
  { method: 'GET', path: '/images/search', handler: notSupported },
  { method: 'GET', path: '/distribution/{name:.*}/json', handler: notSupported },
  { method: 'POST', path: '/networks/create', handler: notSupported },
  { method: 'POST', path: '/networks/{id}/connect', handler: notSupported },
  { method: 'POST', path: '/networks/{id}/disconnect', handler: notSupported },
  { method: 'DELETE', path: '/networks/{id}', handler: notSupported },
]
