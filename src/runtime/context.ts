/** What every task of one runtime shares. */
import type { Logger } from '#base/log.ts'
import type { CgroupHierarchy } from '#sys/cgroup/hierarchy.ts'
import type { AnticipateMigration } from '#sys/cgroup/migration.ts'
import type { Layout } from '#runtime/layout.ts'
import type { Programs } from '#runtime/programs.ts'
import type { SeccompCache } from '#runtime/seccomp-cache.ts'

export interface RuntimeContext {
  readonly layout: Layout
  readonly programs: Programs
  readonly hierarchy: CgroupHierarchy
  readonly seccomp: SeccompCache
  /** Called again before each start of a program that joins a cgroup. */
  readonly anticipateMigration: AnticipateMigration
  readonly log: Logger
  /** Watches and connections to let go of when the runtime closes. */
  readonly open: Set<Disposable>
}
