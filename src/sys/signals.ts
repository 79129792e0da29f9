/** Signal names and numbers: signal(7), with Docker's texts. */
import { constants } from 'node:os'
import { EngineError } from '#base/errors.ts'

const realTimeMin = 34
const realTimeMax = 64

const numbersByName = new Map<string, number>(
  Object.entries(constants.signals).map(([name, number]) => [name.slice('SIG'.length), number]),
)

/**
 * Reads `SIGTERM`, `term`, `15`, `RTMIN+3` or `SIGRTMAX-1`.
 * @throws EngineError invalid_argument "invalid signal: x"
 */
export function parseSignal(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : numberOfName(text.toUpperCase())
  if (number === undefined || number < 1 || number > realTimeMax) {
    throw new EngineError('invalid_argument', `invalid signal: ${text}`)
  }
  return number
}

/** The name with `SIG`, or the number as text where it has none. */
export function formatSignal(number: number): string {
  for (const [name, value] of numbersByName) if (value === number) return `SIG${name}`
  return number >= realTimeMin && number <= realTimeMax
    ? `SIGRTMIN+${number - realTimeMin}`
    : String(number)
}

function numberOfName(upper: string): number | undefined {
  const name = upper.replace(/^SIG/, '')
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name)
  if (!realTime) return numbersByName.get(name)
  const offset = Number(realTime[3] ?? 0) * (realTime[2] === '-' ? -1 : 1)
  const number = (realTime[1] === 'MIN' ? realTimeMin : realTimeMax) + offset
  return number >= realTimeMin && number <= realTimeMax ? number : undefined
}
