import { runCommandLine } from '#cli/dispatch.ts'
import { openOutput } from '#cli/output.ts'

const output = openOutput()
const code = await runCommandLine(process.argv.slice(2), process.env, output)
process.exit(code)
