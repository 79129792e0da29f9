import {
  checkVariable,
  nonEmpty,
  readEnvFile,
  readLabelFile,
  resolveVariable,
  toRecord,
} from '#cli/create/pairs.ts'
import type { CreatePart } from '#cli/create/parts.ts'
import type { Variables } from '#cli/config/settings.ts'
import type { FlagSet } from '#cli/flags/flag-set.ts'

/** Flags about names, labels, environment and the program that runs. */
export function declareProcessFlags(flags: FlagSet): (variables: Variables) => CreatePart {
  const identity = declareIdentityFlags(flags)
  const env = flags.list('env', 'Set environment variables', { short: 'e', check: checkVariable })
  const envFile = flags.list('env-file', 'Read in a file of environment variables')
  const entrypoint = flags.text('entrypoint', 'Overwrite the default ENTRYPOINT of the image')
  const workdir = flags.text('workdir', 'Working directory inside the container', { short: 'w' })
  const user = flags.text('user', 'Username or UID (format: <name|uid>[:<group|gid>])', {
    short: 'u',
  })
  const groupAdd = flags.list('group-add', 'Add additional groups to join')
  const init = flags.bool(
    'init',
    'Run an init inside the container that forwards signals and reaps processes',
  )
  const stopSignal = flags.text('stop-signal', 'Signal to stop the container')
  const stopTimeout = flags.integer('stop-timeout', 'Timeout (in seconds) to stop a container')
  return (variables) => {
    const own = identity()
    const fromFiles = envFile.value.flatMap((path) => readEnvFile(path, variables))
    const given = env.value.map((text) => resolveVariable(text, variables))
    return {
      config: {
        ...own.config,
        Env: nonEmpty([...fromFiles, ...given]),
        Entrypoint: entrypoint.isSet ? [entrypoint.value] : undefined,
        WorkingDir: workdir.value || undefined,
        User: user.value || undefined,
        StopSignal: stopSignal.value || undefined,
        StopTimeout: stopTimeout.isSet ? stopTimeout.value : undefined,
      },
      host: {
        ...own.host,
        GroupAdd: nonEmpty(groupAdd.value),
        Init: init.isSet ? init.value : undefined,
      },
    }
  }
}

function declareIdentityFlags(flags: FlagSet): () => CreatePart {
  const hostname = flags.text('hostname', 'Container host name', { short: 'h' })
  const domainname = flags.text('domainname', 'Container NIS domain name')
  const label = flags.list('label', 'Set meta data on a container', { short: 'l' })
  const labelFile = flags.list('label-file', 'Read in a line delimited file of labels')
  const annotation = flags.list(
    'annotation',
    'Add an annotation to the container (passed through to the OCI runtime)',
    { type: 'map' },
  )
  return () => ({
    config: {
      Hostname: hostname.value || undefined,
      Domainname: domainname.value || undefined,
      Labels: toRecord([...labelFile.value.flatMap(readLabelFile), ...label.value]),
    },
    host: { Annotations: toRecord(annotation.value) },
  })
}
