import { EngineError } from '#base/errors.ts'
import type { WaitCondition, WaitResult } from '#container/types.ts'
import type { Answer } from '#api/answer.ts'
import { type Call, pathParam, queryText } from '#api/call.ts'
import { contentTypes } from '#api/headers.ts'
import type { WaitResponse } from '#wire/containers.ts'

/**
 * Clients send `start` once they see the headers of `wait`, so these leave at once and
 * the exit is registered for before them.
 */
export function waitContainer(call: Call): Answer {
  const condition = parseCondition(queryText(call, 'condition'))
  const { id } = call.engine.containers.get(pathParam(call, 'id'))
  const exit = call.engine.containers.wait(id, condition, call.signal)
  exit.catch(() => undefined)
  return {
    type: 'stream',
    contentType: contentTypes.json,
    flush: 'now',
    chunks: waitLines(condition, exit),
  }
}

async function* waitLines(
  condition: WaitCondition,
  exit: Promise<WaitResult>,
): AsyncGenerator<string> {
  const { code, error } = await exit
  // What kept it from starting is the answer of `start`; a removal that worked has no error.
  const hasError = error !== undefined && condition !== 'removed'
  const body: WaitResponse = {
    StatusCode: code,
    ...(hasError ? { Error: { Message: error } } : {}),
  }
  yield `${JSON.stringify(body)}\n`
}

function parseCondition(text: string | undefined): WaitCondition {
  switch (text) {
    case undefined:
      return 'not-running'
    case 'not-running':
    case 'next-exit':
    case 'removed':
      return text
    default:
      throw new EngineError('invalid_argument', `invalid condition: "${text}"`)
  }
}
