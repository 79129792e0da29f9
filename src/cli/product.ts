/** Set by the build (`scripts/build-cli.sh`); a run from source has neither. */
declare const GANTRY_VERSION: string | undefined
declare const GANTRY_COMMIT: string | undefined

export const version = typeof GANTRY_VERSION === 'string' ? GANTRY_VERSION : '0.1.0'
export const commit = typeof GANTRY_COMMIT === 'string' ? GANTRY_COMMIT : 'source'

export const versionLine = `Gantry version ${version}, build ${commit}`
