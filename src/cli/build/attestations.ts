/** `--provenance`, `--attest` and `--sbom`. */
import { EngineError } from '#base/errors.ts'
import { parseFields } from '#cli/build/csv.ts'

export interface AttestFlags {
  readonly attest: { readonly value: readonly string[] }
  readonly provenance: { readonly value: string }
  readonly sbom: { readonly value: string }
}

/** @throws EngineError invalid_argument, not_implemented for an SBOM */
export function readProvenance(flags: AttestFlags): 'min' | 'max' | undefined {
  let mode: 'min' | 'max' | undefined
  for (const text of flags.attest.value) {
    const type = parseFields(text).get('type')
    if (type === 'provenance') mode = modeOf(text)
    else if (type === 'sbom') refuseSbom(text)
    else throw new EngineError('invalid_argument', `attestation type "${type ?? ''}" is not known`)
  }
  if (flags.sbom.value !== '') refuseSbom(flags.sbom.value)
  return flags.provenance.value === '' ? mode : modeOf(flags.provenance.value)
}

/** `true`, `false`, `mode=max`, `max`, `type=provenance,mode=max`. */
function modeOf(text: string): 'min' | 'max' | undefined {
  const fields = parseFields(text)
  if (isOff(text)) return undefined
  if (fields.has('max')) return 'max'
  const mode = fields.get('mode') ?? 'min'
  const isOne = fields.has('true') || fields.has('1') || fields.has('min') || text.includes('=')
  if (isOne && (mode === 'min' || mode === 'max')) return mode
  throw new EngineError('invalid_argument', `invalid provenance value: ${text}`, {
    hint: 'true, false, mode=min and mode=max are known',
  })
}

function isOff(text: string): boolean {
  return /^(?:false|0)$/i.test(text) || parseFields(text).get('disabled') === 'true'
}

function refuseSbom(text: string): void {
  if (isOff(text)) return
  throw new EngineError('not_implemented', 'SBOM attestations are not made', {
    hint: 'they need a scanner image; scan the image after the build',
  })
}
