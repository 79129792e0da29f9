/** Shell patterns (`*`, `?`, `[…]` and escapes) of the `#`, `%` and `/` operators, as regular expressions. */

export function removePrefix(value: string, pattern: string, isGreedy: boolean): string {
  return value.replace(new RegExp(`^${toRegExp(pattern, isGreedy)}`, 'su'), '')
}

/** The shortest or longest matching suffix goes. */
export function removeSuffix(value: string, pattern: string, isGreedy: boolean): string {
  const whole = new RegExp(`^${toRegExp(pattern, true)}$`, 'su')
  const starts = Array.from({ length: value.length + 1 }, (_, index) => index)
  const start = (isGreedy ? starts : starts.toReversed()).find((index) =>
    whole.test(value.slice(index)),
  )
  return start === undefined ? value : value.slice(0, start)
}

export function replacePattern(
  value: string,
  pattern: string,
  how: { readonly replacement: string; readonly isGlobal: boolean },
): string {
  if (pattern === '') return value
  const expression = new RegExp(toRegExp(pattern, true), how.isGlobal ? 'gsu' : 'su')
  return value.replace(expression, () => how.replacement)
}

function toRegExp(pattern: string, isGreedy: boolean): string {
  let expression = ''
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at)
    if (character === '*') expression += isGreedy ? '.*' : '.*?'
    else if (character === '?') expression += '.'
    else if (character === '\\' && at + 1 < pattern.length)
      expression += RegExp.escape(pattern.charAt(++at))
    else expression += RegExp.escape(character)
  }
  return expression
}
