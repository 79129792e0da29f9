import { listingOf, nextWords } from '#cli/completion/describe.ts'
import type { Described, DescribedCommand } from '#cli/completion/describe.ts'
import type { FlagSpec } from '#cli/flags/flag-set.ts'

/** A completion script for bash: commands, flags, and names of objects. */
export function bashScript(described: Described): string {
  const groups = Object.keys(described.groups)
  const globalsWithValue = withValue(described.globalFlags).join('|')
  return `# bash completion for gantry; source it, or install it as
# /usr/share/bash-completion/completions/gantry
_gantry() {
  local current=\${COMP_WORDS[COMP_CWORD]} name='' index=1 word
  while ((index < COMP_CWORD)); do
    word=\${COMP_WORDS[index]}
    case $word in
      ${globalsWithValue}) ((index++)) ;;
      -*) ;;
      *)
        if [[ -z $name ]]; then
          name=$word
          case $word in ${groups.join('|')}) ;; *) break ;; esac
        else
          name="$name $word"
          break
        fi
        ;;
    esac
    ((index++))
  done
  local flags='' words='' listing=''
  case $name in
    '') flags=${quote(flagNames(described.globalFlags))} words=${quote([...nextWords(described, '').keys()])} ;;
${groups.map((group) => `    ${group}) words=${quote([...nextWords(described, group).keys()])} ;;`).join('\n')}
${described.commands.map(commandCase).join('\n')}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ -n $listing ]]; then
    COMPREPLY=($(compgen -W "$(eval "$listing" 2>/dev/null)" -- "$current"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    compopt -o default
  fi
}
complete -F _gantry gantry
`
}

function commandCase({ name, flags, completes }: DescribedCommand): string {
  const listing =
    completes === undefined || completes === 'files'
      ? ''
      : ` listing=${JSON.stringify(listingOf(completes))}`
  return `    '${name}') flags=${quote(flagNames(flags))}${listing} ;;`
}

function flagNames(flags: readonly FlagSpec[]): string[] {
  return [...flags.map((flag) => `--${flag.name}`), '--help']
}

function withValue(flags: readonly FlagSpec[]): string[] {
  return flags.flatMap(({ name, short, impliedValue }) => {
    if (impliedValue !== undefined) return []
    return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]
  })
}

function quote(words: readonly string[]): string {
  return `'${words.join(' ')}'`
}
