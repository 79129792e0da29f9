const falseTexts = new Set(['', '0', 'no', 'false', 'none'])

/** Docker's boolean query values: these five (any case) and absence are false, anything else true. */
export function parseQueryBool(value: string | null | undefined): boolean {
  return !falseTexts.has((value ?? '').trim().toLowerCase())
}
