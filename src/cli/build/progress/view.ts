import type { ProgressMode } from '#cli/build/flags.ts'
import { createBuildModel, type BuildModel } from '#cli/build/progress/model.ts'
import { createPlainView } from '#cli/build/progress/plain.ts'
import { createRawView } from '#cli/build/progress/raw.ts'
import { createTerminalView } from '#cli/build/progress/terminal.ts'
import type { Output } from '#cli/output.ts'
import type { BuildEventBody } from '#wire/build.ts'

/** Shows a build while it runs, on stderr. */
export interface ProgressView {
  readonly model: BuildModel
  take(event: BuildEventBody): void
  /** Draws the last state and stops. */
  finish(): void
}

const fallbackColumns = 80

/** `auto` is `tty` on a terminal and `plain` elsewhere. */
export function openProgressView(mode: ProgressMode, output: Output): ProgressView {
  const columns = output.columns('stderr')
  switch (mode) {
    case 'quiet':
      return silentView()
    case 'rawjson':
      return createRawView((text) => output.writeError(text))
    case 'plain':
      return createPlainView((text) => output.writeError(text))
    case 'tty':
    case 'auto':
      if (columns === undefined) return createPlainView((text) => output.writeError(text))
      return createTerminalView({
        write: (text) => output.writeError(text),
        // A terminal of unknown size says 0.
        columns: () => output.columns('stderr') || fallbackColumns,
        rows: () => process.stderr.rows,
      })
  }
}

function silentView(): ProgressView {
  const model = createBuildModel()
  return { model, take: (event) => void model.take(event), finish: () => undefined }
}
