import type { Command } from '#cli/command.ts'
import { confirm } from '#cli/confirm.ts'
import { declareFilter } from '#cli/format-flags.ts'
import { formatSize, parseBinarySize } from '#cli/format/units.ts'

const warnings = {
  all: 'WARNING! This will remove all build cache.',
  dangling: 'WARNING! This will remove all dangling build cache.',
}

export const command: Command = {
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  declare(flags) {
    const all = flags.bool('all', 'Remove all unused build cache, not just dangling ones', {
      short: 'a',
    })
    // `-f` is `--force` here, as in Docker.
    const force = flags.bool('force', 'Do not prompt for confirmation', { short: 'f' })
    const filter = declareFilter(flags, 'Provide filter values (e.g. "until=24h")', '')
    const size = { initial: 0, type: 'bytes', parse: parseBinarySize }
    const keep = flags.add('keep-storage', 'Amount of disk space to keep for cache', {
      ...size,
      isHidden: true,
    })
    const reserved = flags.add(
      'reserved-space',
      'Amount of disk space to always keep for cache',
      size,
    )
    const maxUsed = flags.add(
      'max-used-space',
      'Maximum amount of disk space allowed for cache',
      size,
    )
    const minFree = flags.add(
      'min-free-space',
      'Target amount of free disk space after pruning',
      size,
    )
    return async (_args, { client, output }) => {
      const warning = all.value ? warnings.all : warnings.dangling
      if (!force.value && !(await confirm(output, warning))) return 0
      const { CachesDeleted, SpaceReclaimed } = await client.builds.prune({
        all: all.value,
        filters: filter.value,
        reservedBytes: reserved.value || keep.value,
        maxUsedBytes: maxUsed.value,
        minFreeBytes: minFree.value,
      })
      if (CachesDeleted && CachesDeleted.length > 0) {
        output.write(`Deleted build cache objects:\n${CachesDeleted.join('\n')}\n\n`)
      }
      output.write(`Total reclaimed space: ${formatSize(SpaceReclaimed)}\n`)
      return 0
    }
  },
}
