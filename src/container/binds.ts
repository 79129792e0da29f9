/** The texts and requests that name mounts, as plans. Pure; nothing is looked up or made. */
import { posix } from 'node:path'
import { EngineError } from '#base/errors.ts'
import type { ContainerSpec, MountRequest } from '#container/types.ts'

export type MountPlan =
  | {
      readonly type: 'bind'
      readonly source: string
      readonly target: string
      readonly mode: string
      readonly isWritable: boolean
      readonly propagation: string
      readonly isNonRecursive?: boolean
      readonly keepsSubmounts?: boolean
      /** A missing source is made as a directory (`-v`), or refused (`--mount`). */
      readonly createsSource: boolean
    }
  | {
      readonly type: 'volume'
      /** Absent = anonymous. */
      readonly name?: string
      readonly target: string
      readonly mode: string
      readonly isWritable: boolean
      readonly copiesContent: boolean
      readonly subpath?: string
      readonly labels?: Readonly<Record<string, string>>
    }
  | { readonly type: 'tmpfs'; readonly target: string; readonly options: string }

const propagations = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'])
const modeWords = new Set(['ro', 'rw', 'z', 'Z', 'nocopy', 'cached', 'delegated', 'consistent'])

/**
 * All mounts of a spec, one per target, in the order in which they must be mounted. No anonymous
 * volume is planned for a target that is `taken`.
 * @throws EngineError invalid_argument
 */
export function planMounts(
  spec: ContainerSpec,
  taken: ReadonlySet<string> = new Set(),
): readonly MountPlan[] {
  const plans = [
    ...spec.host.binds.map(parseBind),
    ...spec.host.mounts.map(planRequest),
    ...Object.entries(spec.host.tmpfs).map(([target, options]) => planTmpfs(target, options)),
  ]
  const byTarget = new Map<string, MountPlan>()
  for (const plan of plans) {
    if (byTarget.has(plan.target)) throw invalid(`Duplicate mount point: ${plan.target}`)
    byTarget.set(plan.target, plan)
  }
  for (const path of spec.volumePaths) {
    const target = checkedTarget(path, path)
    if (byTarget.has(target) || taken.has(target)) continue
    const anonymous = { mode: '', isWritable: true, copiesContent: true }
    byTarget.set(target, { type: 'volume', target, ...anonymous })
  }
  return [...byTarget.values()].toSorted((a, b) => depth(a.target) - depth(b.target))
}

/** `source:target[:mode,…]`; a source that does not start with a slash is a volume's name. */
export function parseBind(text: string): MountPlan {
  const [first = '', second, mode = '', ...rest] = text.split(':')
  if (first === '' || rest.length > 0) throw invalid(`invalid volume specification: '${text}'`)
  if (second === undefined) {
    const target = checkedTarget(first, text)
    return { type: 'volume', target, mode: '', isWritable: true, copiesContent: true }
  }
  const words = mode === '' ? [] : mode.split(',')
  checkModes(words, mode)
  const target = checkedTarget(second, text)
  const isWritable = !words.includes('ro')
  if (!first.startsWith('/')) {
    const copiesContent = !words.includes('nocopy')
    return { type: 'volume', name: first, target, mode, isWritable, copiesContent }
  }
  const propagation = words.find((word) => propagations.has(word)) ?? 'rprivate'
  const source = posix.normalize(first)
  return { type: 'bind', source, target, mode, isWritable, propagation, createsSource: true }
}

export function checkModes(words: readonly string[], mode: string): void {
  const isUnknown = words.some((word) => !modeWords.has(word) && !propagations.has(word))
  const isTwofold = words.includes('ro') && words.includes('rw')
  const isRepeated = new Set(words).size !== words.length
  if (isUnknown || isTwofold || isRepeated) throw invalid(`invalid mode: ${mode}`)
}

function planRequest(request: MountRequest): MountPlan {
  const { type } = request
  if (!request.target.startsWith('/')) {
    throw invalidMount(type, `invalid mount path: '${request.target}' mount path must be absolute`)
  }
  const target = checkedTarget(request.target, request.target)
  const isWritable = !request.isReadOnly
  switch (type) {
    case 'bind': {
      if (request.source === undefined || request.source === '') {
        throw invalidMount(type, 'field Source must not be empty')
      }
      if (!request.source.startsWith('/')) {
        throw invalidMount(
          type,
          `invalid mount path: '${request.source}' mount path must be absolute`,
        )
      }
      const source = posix.normalize(request.source)
      const propagation = request.propagation ?? 'rprivate'
      if (!propagations.has(propagation)) {
        throw invalidMount(type, `invalid propagation mode: ${propagation}`)
      }
      const createsSource = request.createsSource === true
      return {
        type,
        source,
        target,
        mode: '',
        isWritable,
        propagation,
        createsSource,
        ...(request.isNonRecursive === true ? { isNonRecursive: true } : {}),
        ...(request.keepsSubmounts === true ? { keepsSubmounts: true } : {}),
      }
    }
    case 'volume':
      return {
        type,
        target,
        mode: '',
        isWritable,
        copiesContent: request.noCopy !== true,
        ...(request.source === undefined || request.source === '' ? {} : { name: request.source }),
        ...(request.subpath === undefined ? {} : { subpath: request.subpath }),
        ...(request.labels === undefined ? {} : { labels: request.labels }),
      }
    case 'tmpfs':
      return planTmpfs(target, tmpfsOptions(request))
  }
}

function tmpfsOptions(request: MountRequest): string {
  return [
    ...(request.isReadOnly ? ['ro'] : []),
    ...(request.tmpfsSizeBytes === undefined ? [] : [`size=${request.tmpfsSizeBytes}`]),
    ...(request.tmpfsMode === undefined ? [] : [`mode=${request.tmpfsMode.toString(8)}`]),
  ].join(',')
}

const tmpfsFlags =
  /^(defaults|ro|rw|(no)?(exec|suid|dev|atime|diratime|relatime|strictatime|mand)|sync|async|dirsync|r?(private|shared|slave|unbindable))$/
const tmpfsValues = /^(size|mode|uid|gid|nr_inodes|nr_blocks|mpol)=./

function planTmpfs(target: string, options: string): MountPlan {
  const words = options.split(',').filter((word) => word !== '')
  const wrong = words.filter((word) => !tmpfsFlags.test(word) && !tmpfsValues.test(word))
  if (wrong.length > 0) throw invalid(`invalid tmpfs option ${JSON.stringify(wrong)}`)
  return { type: 'tmpfs', target: checkedTarget(target, target), options }
}

function checkedTarget(target: string, text: string): string {
  if (!target.startsWith('/')) {
    throw invalid(
      `invalid volume specification: '${text}': invalid mount path: '${target}' mount path must be absolute`,
    )
  }
  const clean = posix.normalize(target).replace(/(.)\/$/, '$1')
  if (clean === '/') {
    throw invalid(
      `invalid volume specification: '${text}': invalid specification: destination can't be '/'`,
    )
  }
  return clean
}

/** Parents come before what lies below them. */
export function depth(path: string): number {
  return path.split('/').length
}

export function invalidMount(type: string, detail: string): EngineError {
  return invalid(`invalid mount config for type "${type}": ${detail}`)
}

function invalid(message: string): EngineError {
  return new EngineError('invalid_argument', message)
}
