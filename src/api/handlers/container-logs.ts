import { formatInstantFixed } from '#base/clock.ts'
import { EngineError, errorMessage } from '#base/errors.ts'
import type { ContainerRecord, LogsOptions } from '#container/types.ts'
import { encodeRecords, recordTime } from '#runtime/logs/record.ts'
import type { LogRecord } from '#runtime/types.ts'
import type { Answer } from '#api/answer.ts'
import { type Call, isSince, pathParam, queryBool, queryText } from '#api/call.ts'
import { contentTypes } from '#api/headers.ts'
import { formatLogDetails } from '#api/log-details.ts'
import { parseTimeLimit } from '#api/times.ts'
import { encodeStdcopyFrame } from '#wire/stdcopy.ts'

/** `GET /containers/{id}/logs`: headers at once, then what there is and, with `follow`, what comes. */
export function containerLogs(call: Call): Answer {
  const record = call.engine.containers.get(pathParam(call, 'id'))
  const options = logsOptions(call)
  if (record.spec.host.logDriver.type === 'none') {
    throw new EngineError('not_implemented', 'configured logging driver does not support reading')
  }
  const { isTty } = record.spec
  const isMultiplexed = !isTty && isSince(call, '1.42')
  return {
    type: 'stream',
    contentType: isMultiplexed ? contentTypes.multiplexedStream : contentTypes.rawStream,
    flush: 'now',
    chunks: logChunks(call, record, options),
  }
}

async function* logChunks(
  call: Call,
  record: ContainerRecord,
  options: LogsOptions,
): AsyncGenerator<Uint8Array> {
  const encode = logEncoder(call, record)
  try {
    for await (const lines of call.engine.containers.logs(record.id, options, call.signal)) {
      yield encode(lines)
    }
  } catch (error) {
    if (call.signal.aborted) return
    const text = Buffer.from(`Error grabbing logs: ${errorMessage(error)}\n`)
    yield record.spec.isTty ? text : encodeStdcopyFrame('systemerr', text)
  }
}

type LogEncoder = (records: readonly LogRecord[]) => Uint8Array

function logEncoder(call: Call, container: ContainerRecord): LogEncoder {
  const hasTimestamps = queryBool(call, 'timestamps')
  const details = queryBool(call, 'details') ? `${formatLogDetails(container)} ` : ''
  const prefixOf = (record: LogRecord) =>
    (hasTimestamps ? `${formatInstantFixed(recordTime(record))} ` : '') + details
  const options = {
    isRaw: container.spec.isTty,
    ...(hasTimestamps || details !== '' ? { prefixOf } : {}),
  }
  return (records) => encodeRecords(records, options)
}

function logsOptions(call: Call): LogsOptions {
  const stdout = queryBool(call, 'stdout')
  const stderr = queryBool(call, 'stderr')
  if (!stdout && !stderr) {
    throw new EngineError('invalid_argument', 'Bad parameters: you must choose at least one stream')
  }
  const since = parseTimeLimit(queryText(call, 'since'))
  const until = parseTimeLimit(queryText(call, 'until'))
  const tail = queryText(call, 'tail') ?? 'all'
  return {
    stdout,
    stderr,
    follow: queryBool(call, 'follow'),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    // Docker takes anything that is not a number for "all".
    ...(/^\d+$/.test(tail) ? { tail: Number(tail) } : {}),
  }
}
