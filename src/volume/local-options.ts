/** Options of the local driver: `type`, `o` and `device`, as mount(8) takes them. */
import { EngineError } from '#base/errors.ts'
import { mountFlag, type MountRequest } from '#sys/mount.ts'

const known = new Set(['type', 'o', 'device', 'size'])

const flagOptions: Readonly<Record<string, number>> = {
  ro: mountFlag.readOnly,
  nosuid: mountFlag.noSuid,
  nodev: mountFlag.noDev,
  noexec: mountFlag.noExec,
  sync: mountFlag.synchronous,
  noatime: mountFlag.noAtime,
  nodiratime: mountFlag.noDirAtime,
  relatime: mountFlag.relAtime,
  strictatime: mountFlag.strictAtime,
  bind: mountFlag.bind,
  rbind: mountFlag.bind | mountFlag.recursive,
}
const withoutFlag = new Set(['rw', 'suid', 'dev', 'exec', 'async', 'atime', 'defaults'])

/** @throws EngineError invalid_argument */
export function checkLocalOptions(options: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(options)) {
    if (!known.has(key)) {
      throw new EngineError('invalid_argument', `invalid option: "${key}"`)
    }
  }
  const isMounted = options['type'] !== undefined || options['o'] !== undefined
  if (isMounted && options['device'] === undefined) {
    throw new EngineError('invalid_argument', 'missing required option: "device"')
  }
  if (options['device'] !== undefined && !isMounted) {
    throw new EngineError('invalid_argument', 'missing required option: "type"')
  }
}

/** What to mount over the volume's directory; undefined for a plain one. */
export function planLocalMount(
  options: Readonly<Record<string, string>>,
  target: string,
): MountRequest | undefined {
  const { type, device, o } = options
  if (device === undefined) return undefined
  const words = (o ?? '').split(',').filter((word) => word !== '')
  const flags = words.reduce((sum, word) => sum | (flagOptions[word] ?? 0), 0)
  const rest = words.filter((word) => !(word in flagOptions) && !withoutFlag.has(word))
  const isBind = (flags & mountFlag.bind) !== 0
  return {
    source: device,
    target,
    flags,
    ...(isBind ? {} : { type: type ?? 'none' }),
    ...(rest.length === 0 ? {} : { options: rest.join(',') }),
  }
}
