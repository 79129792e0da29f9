import { listingOf, nextWords } from '#cli/completion/describe.ts'
import type { Described, DescribedCommand } from '#cli/completion/describe.ts'
import type { FlagSpec } from '#cli/flags/flag-set.ts'

/** A completion script for zsh: commands with their summaries, flags, and names of objects. */
export function zshScript(described: Described): string {
  const groups = Object.keys(described.groups)
  return `#compdef gantry
# zsh completion for gantry; install it as _gantry in a folder of $fpath
_gantry() {
  local name='' word index=2
  while ((index < CURRENT)); do
    word=\${words[index]}
    if [[ $word != -* ]]; then
      name=\${name:+$name }$word
      case $name in ${groups.join('|')}) ;; *) break ;; esac
    fi
    ((index++))
  done
  local -a flags found
  local listing=''
  case $name in
    '') flags=(${flagList(described.globalFlags)}) found=(${wordList(nextWords(described, ''))}) ;;
${groups.map((group) => `    ${group}) found=(${wordList(nextWords(described, group))}) ;;`).join('\n')}
${described.commands.map(commandCase).join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe flag flags
  elif [[ -n $listing ]]; then
    compadd -- \${(f)"$(eval "$listing" 2>/dev/null)"}
  elif ((\${#found})); then
    _describe command found
  else
    _files
  fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _gantry "$@"; else compdef _gantry gantry; fi
`
}

function commandCase({ name, flags, completes }: DescribedCommand): string {
  const listing =
    completes === undefined || completes === 'files'
      ? ''
      : ` listing=${JSON.stringify(listingOf(completes))}`
  return `    '${name}') flags=(${flagList(flags)})${listing} ;;`
}

function flagList(flags: readonly FlagSpec[]): string {
  return flags.map((flag) => describe(`--${flag.name}`, flag.help)).join(' ')
}

function wordList(words: ReadonlyMap<string, string>): string {
  return [...words].map(([word, summary]) => describe(word, summary)).join(' ')
}

function describe(word: string, text: string): string {
  const [line = ''] = text.split('\n')
  return `'${word.replaceAll(':', '\\:')}:${line.replaceAll("'", "'\\''").replace(/:$/, '')}'`
}
