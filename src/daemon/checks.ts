/** What a configuration must hold beyond the types of its values; texts as dockerd's. */
import { isIP } from 'node:net'
import { EngineError } from '#base/errors.ts'
import type { EngineConfig } from '#engine/types.ts'

/** @throws EngineError invalid_argument for the first value that cannot be meant */
export function checkEngineConfig(config: EngineConfig): void {
  checkBridgeName(config.bridge)
  if (config.ip !== undefined && isIP(config.ip) === 0) {
    throw invalid(`invalid value for "ip": ${config.ip} is not an ip address`)
  }
  for (const address of config.dns) {
    if (isIP(address) === 0) throw invalid(`IP address is not correctly formatted: ${address}`)
  }
  if (config.mtu < 0) throw invalid(`invalid default MTU: ${config.mtu}`)
  if (config.maxConcurrentDownloads < 1) {
    throw invalid(`invalid max concurrent downloads: ${config.maxConcurrentDownloads}`)
  }
  checkLabels(config.labels)
  config.registryMirrors.forEach(checkMirror)
  config.insecureRegistries.forEach(checkInsecureRegistry)
}

/** The kernel's limit on names of links, without the closing zero. */
const longestLinkName = 15

function checkBridgeName(name: string): void {
  if (name !== '' && name.length <= longestLinkName && !/[\s/:]/.test(name)) return
  throw invalid(`invalid bridge name "${name}"`, `at most ${longestLinkName} letters`)
}

function checkLabels(labels: readonly string[]): void {
  const values = new Map<string, string>()
  for (const label of labels) {
    const equals = label.indexOf('=')
    if (equals < 1) throw invalid(`bad attribute format: ${label}`, 'want key=value')
    const key = label.slice(0, equals)
    const earlier = values.get(key)
    if (earlier !== undefined && earlier !== label) {
      throw invalid(`conflict labels for ${earlier} and ${label}`)
    }
    values.set(key, label)
  }
}

function checkMirror(text: string): void {
  if (!/^https?:\/\//.test(text)) {
    const scheme = "must use either 'https://' or 'http://'"
    throw invalid(`invalid mirror: no scheme specified for "${text}": ${scheme}`)
  }
  const url = URL.parse(text)
  if (!url) throw invalid(`invalid mirror: "${text}" is not a valid URI`)
  if (url.username !== '' || url.password !== '') {
    throw invalid('invalid mirror: username/password not allowed in URI')
  }
  if (url.search !== '' || url.hash !== '') {
    throw invalid(`invalid mirror: query or fragment at end of the URI "${text}"`)
  }
}

const registryHost = /^(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?)(:\d{1,5})?$/
const network = /^[0-9a-fA-F.:]+\/\d{1,3}$/

function checkInsecureRegistry(text: string): void {
  if (text.includes('://')) {
    throw invalid(`insecure registry ${text} should not contain '://'`)
  }
  if (registryHost.test(text) || network.test(text)) return
  throw invalid(`insecure registry ${text} is not valid: invalid host "${text}"`)
}

function invalid(message: string, hint?: string): EngineError {
  return new EngineError('invalid_argument', message, hint === undefined ? {} : { hint })
}
