/**
 * `make test`: runs every stage, also after one failed, and ends with one line that counts.
 * Arguments name the stages to run; without any all of them run.
 */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'

interface Stage {
  readonly name: string
  readonly command: readonly string[]
}

interface Outcome {
  readonly name: string
  readonly isGood: boolean
  readonly seconds: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const bin = 'node_modules/.bin'

const stages: readonly Stage[] = [
  { name: 'format', command: [`${bin}/oxfmt`, '--check'] },
  { name: 'lint', command: [`${bin}/oxlint`] },
  { name: 'types', command: [`${bin}/tsc`, '-p', '.'] },
  { name: 'unused', command: [`${bin}/knip`] },
  { name: 'rules', command: nodeTests(1, 'tools/**/*.test.ts') },
  {
    name: 'unit',
    command: nodeTests(availableParallelism(), 'src/**/*.test.ts', 'test/support/**/*.test.ts'),
  },
  { name: 'golden', command: nodeTests(1, 'test/golden/**/*.test.ts') },
  {
    name: 'integration',
    command: nodeTests(integrationLanes(), 'test/integration/**/*.test.ts'),
  },
  { name: 'conformance', command: nodeTests(1, 'test/conformance/**/*.test.ts') },
]

/** Integration tests wait for processes most of the time: a few more files than processors. */
function integrationLanes(): number {
  return availableParallelism() + 1
}

function nodeTests(lanes: number, ...globs: readonly string[]): string[] {
  // A hanging test is ended after five minutes; nothing here waits that long.
  const flags = ['--test', `--test-concurrency=${lanes}`, '--test-timeout=300000']
  return [process.execPath, ...flags, '--test-reporter=spec', ...globs]
}

async function runStage(stage: Stage): Promise<Outcome> {
  process.stdout.write(`\n=== ${stage.name}: ${stage.command.join(' ')}\n`)
  const started = performance.now()
  const { code, output } = await runEchoing(stage.command)
  const count = (word: string) =>
    Number(new RegExp(`^ℹ ${word} (\\d+)$`, 'm').exec(output)?.[1] ?? 0)
  const isTest = stage.command.includes('--test')
  const failed = count('fail') + count('cancelled')
  const outcome: Outcome = {
    name: stage.name,
    isGood: code === 0 && (!isTest || count('pass') > 0),
    seconds: (performance.now() - started) / 1000,
    passed: isTest ? count('pass') : Number(code === 0),
    failed: isTest ? Math.max(failed, Number(code !== 0)) : Number(code !== 0),
    skipped: count('skipped'),
  }
  process.stdout.write(
    `=== ${stage.name}: ${wordFor(outcome)} in ${outcome.seconds.toFixed(1)} s\n`,
  )
  return outcome
}

function wordFor(outcome: Outcome): string {
  return outcome.isGood ? 'ok' : 'FAILED'
}

/** Shows what the command writes while it runs, and keeps it. */
function runEchoing(
  command: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  const [program = '', ...args] = command
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number; output: string }>()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    process.stdout.write(chunk)
  })
  child.on('error', reject)
  child.on('close', (code) => resolve({ code: code ?? 1, output }))
  return promise
}

function summarize(outcomes: readonly Outcome[]): void {
  process.stdout.write('\n')
  for (const outcome of outcomes) {
    const { name, seconds, passed, failed, skipped } = outcome
    const counts = `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`
    const time = `${seconds.toFixed(1)} s`.padStart(9)
    process.stdout.write(`${wordFor(outcome).padEnd(6)} ${name.padEnd(12)} ${time}  ${counts}\n`)
  }
  const sum = (count: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + count(outcome), 0)
  const total = [sum((o) => o.passed), sum((o) => o.failed), sum((o) => o.skipped)]
  const seconds = sum((o) => o.seconds).toFixed(1)
  process.stdout.write(
    `\n${total[0]} passed, ${total[1]} failed, ${total[2]} skipped in ${seconds} s\n`,
  )
}

function chosenStages(names: readonly string[]): readonly Stage[] {
  const unknown = names.filter((name) => !stages.some((stage) => stage.name === name))
  if (unknown.length > 0) {
    throw new Error(`no such stage: ${unknown.join()} (${stages.map(({ name }) => name).join()})`)
  }
  return names.length === 0 ? stages : stages.filter(({ name }) => names.includes(name))
}

const outcomes: Outcome[] = []
for (const stage of chosenStages(process.argv.slice(2))) outcomes.push(await runStage(stage))
summarize(outcomes)
if (!outcomes.every((outcome) => outcome.isGood)) process.exitCode = 1
