import type { Rule } from '#build/lint/types.ts'

const variable = /\$/

export const redundantTargetPlatform: Rule = ({ dockerfile }, report) => {
  for (const { from } of dockerfile.stages) {
    const platform = (from.platform ?? '').replaceAll(/^"|"$/g, '')
    if (!/^\$(?:TARGETPLATFORM|\{TARGETPLATFORM(?:[^\w].*)?\})$/.test(platform)) continue
    const message = `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`
    report('RedundantTargetPlatform', from.range, message)
  }
}

/** A constant platform is fine in a stage whose name says so, since others choose it by name. */
export const fromPlatformFlagConstDisallowed: Rule = ({ dockerfile }, report) => {
  for (const { from, name } of dockerfile.stages) {
    const { platform } = from
    if (platform === undefined || variable.test(platform)) continue
    const [os = '', architecture = ''] = platform.toLowerCase().split('/')
    if (name !== undefined && (name.includes(os) || name.includes(architecture))) continue
    const message = `FROM --platform flag should not use constant value "${platform}"`
    report('FromPlatformFlagConstDisallowed', from.range, message)
  }
}
