/** How many columns of a terminal a text takes: wide letters and pictures two, marks none. */
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}])$/u
const none = /^[\p{Mark}\p{Cf}]$/u

export function textWidth(text: string): number {
  let width = 0
  for (const letter of text) width += widthOf(letter)
  return width
}

/** The text, cut to so many columns; `...` stands for what is missing. */
export function cutToWidth(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  let width = 3
  let shown = ''
  for (const letter of text) {
    width += widthOf(letter)
    if (width > columns) break
    shown += letter
  }
  return `${shown}...`
}

function widthOf(letter: string): number {
  if (letter < '\u0300') return 1
  if (none.test(letter)) return 0
  return wide.test(letter) ? 2 : 1
}
