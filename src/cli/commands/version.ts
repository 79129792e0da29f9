import { errorKind } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { errorText, exitCodes } from '#cli/failures.ts'
import { declareFormat } from '#cli/format-flags.ts'
import { alignColumns } from '#cli/format/columns.ts'
import { commit, version } from '#cli/product.ts'
import { formatJson } from '#client/json.ts'
import type { Version } from '#wire/system.ts'
import { newestApiVersion } from '#wire/versions.ts'

export const command: Command = {
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  declare(flags) {
    const format = declareFormat(flags)
    return async (_args, { client, connection, output, settings }) => {
      const own = {
        Platform: { Name: 'Gantry' },
        Version: version,
        ApiVersion: settings.variables['DOCKER_API_VERSION'] || newestApiVersion,
        DefaultAPIVersion: newestApiVersion,
        GitCommit: commit,
        Os: process.platform,
        Arch: process.arch === 'x64' ? 'amd64' : process.arch,
        BuildTime: '',
        Context: connection.context,
      }
      let server: Version | null = null
      let failure: unknown
      try {
        server = await client.system.version()
      } catch (error) {
        failure = error
      }
      const value = { Client: own, Server: server }
      if (format.value === '') output.write(versionText(own, server))
      else if (format.value === 'json') output.write(`${formatJson(value)}\n`)
      else {
        const { objectTemplate } = await import('#cli/format/object-template.ts')
        const template = objectTemplate(format.value, output, { runFailure: '' })
        if (!template) return exitCodes.template
        if (failure !== undefined && format.value.includes('.Server')) throw failure
        const { withTypes } = await import('#cli/template/typed.ts')
        const { ClientAndServer } = await import('#wire/system.ts')
        output.write(`${template(withTypes(value, ClientAndServer))}\n`)
      }
      if (failure === undefined) return 0
      output.writeError(`${errorText(failure)}\n`)
      return errorKind(failure) === 'cancelled' ? 130 : 1
    }
  },
}

function versionText(own: Readonly<Record<string, unknown>>, server: Version | null): string {
  const lines = [
    'Client:',
    ` Version:\t${String(own['Version'])}`,
    ` API version:\t${String(own['ApiVersion'])}`,
    ` Git commit:\t${String(own['GitCommit'])}`,
    ` OS/Arch:\t${String(own['Os'])}/${String(own['Arch'])}`,
    ` Context:\t${String(own['Context'])}`,
    '',
  ]
  if (server) {
    lines.push(
      'Server:',
      ' Engine:',
      `  Version:\t${server.Version}`,
      `  API version:\t${server.ApiVersion} (minimum version ${server.MinAPIVersion})`,
      `  Git commit:\t${server.GitCommit}`,
      `  OS/Arch:\t${server.Os}/${server.Arch}`,
      `  Kernel:\t${server.KernelVersion}`,
      ...server.Components.flatMap((component) =>
        component.Name === 'Engine'
          ? []
          : [` ${component.Name}:`, `  Version:\t${component.Version}`],
      ),
      '',
    )
  }
  return alignColumns(lines.join('\n'))
}
