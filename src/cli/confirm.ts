import { createInterface } from 'node:readline/promises'
import type { Output } from '#cli/output.ts'

/** Asks on stdout; anything but `y` or `yes` declines. */
export async function confirm(output: Output, warning: string): Promise<boolean> {
  output.write(`${warning}\nAre you sure you want to continue? [y/N] `)
  const lines = createInterface({ input: process.stdin })
  try {
    for await (const line of lines) return /^y(?:es)?$/i.test(line.trim())
    return false
  } finally {
    lines.close()
  }
}
