import { listingOf } from '#cli/completion/describe.ts'
import type { Described, DescribedCommand } from '#cli/completion/describe.ts'
import type { FlagSpec } from '#cli/flags/flag-set.ts'

/** A completion script for fish: commands with their summaries, flags, and names of objects. */
export function fishScript(described: Described): string {
  const lines = [
    '# fish completion for gantry; install it as gantry.fish in a completions folder',
    'complete -c gantry -f',
    ...Object.entries(described.groups).map(
      ([group, summary]) =>
        `complete -c gantry -n __fish_use_subcommand -a ${group} -d ${quote(summary)}`,
    ),
    ...described.globalFlags.map(
      (flag) => `complete -c gantry -n __fish_use_subcommand ${flagText(flag)}`,
    ),
    ...described.commands.flatMap(commandLines),
  ]
  return `${lines.join('\n')}\n`
}

function commandLines({ name, summary, flags, completes }: DescribedCommand): string[] {
  const [first = '', second] = name.split(' ')
  const inside =
    second === undefined
      ? `"__fish_seen_subcommand_from ${first}"`
      : `"__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}"`
  const place =
    second === undefined ? '__fish_use_subcommand' : `"__fish_seen_subcommand_from ${first}"`
  const offer = `complete -c gantry -n ${place} -a ${second ?? first} -d ${quote(summary)}`
  const arguments_ =
    completes === undefined
      ? []
      : completes === 'files'
        ? [`complete -c gantry -n ${inside} -F`]
        : [`complete -c gantry -n ${inside} -a ${quote(`(${listingOf(completes)} 2>/dev/null)`)}`]
  const options = flags.map((flag) => `complete -c gantry -n ${inside} ${flagText(flag)}`)
  return [offer, ...arguments_, ...options]
}

function flagText({ name, short, help, impliedValue }: FlagSpec): string {
  const letter = short === undefined ? '' : ` -s ${short}`
  const value = impliedValue === undefined ? ' -r' : ''
  const [line = ''] = help.split('\n')
  return `-l ${name}${letter}${value} -d ${quote(line)}`
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
