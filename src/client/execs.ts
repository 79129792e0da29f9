import { segment } from '#client/calls.ts'
import type { Calls } from '#client/calls.ts'
import type { Hijack } from '#client/hijack.ts'
import type { Transport } from '#client/transport.ts'
import type { ExecCreateBody, ExecInspect, ExecStartBody, IdResponse } from '#wire/exec.ts'

/** Extra processes in running containers. */
export interface ExecsClient {
  create(containerId: string, body: ExecCreateBody): Promise<IdResponse>
  /** Starts it and takes its stdio. */
  start(execId: string, body?: ExecStartBody, signal?: AbortSignal): Promise<Hijack>
  /** Starts it and leaves it alone. */
  startDetached(execId: string, body?: ExecStartBody): Promise<void>
  inspect(execId: string): Promise<ExecInspect>
  resize(execId: string, rows: number, columns: number): Promise<void>
}

export function execsOver(calls: Calls, transport: Transport): ExecsClient {
  return {
    create: (containerId, body) =>
      calls.json({ method: 'POST', path: `/containers/${segment(containerId)}/exec`, body }),
    start: (execId, body = {}, signal) =>
      transport.hijack({ method: 'POST', path: pathOf(execId, '/start'), body, signal }),
    startDetached: (execId, body = {}) =>
      calls.done({
        method: 'POST',
        path: pathOf(execId, '/start'),
        body: { ...body, Detach: true },
      }),
    inspect: (execId) => calls.json({ method: 'GET', path: pathOf(execId, '/json') }),
    resize: (execId, rows, columns) =>
      calls.done({
        method: 'POST',
        path: pathOf(execId, '/resize'),
        query: { h: rows, w: columns },
      }),
  }
}

function pathOf(execId: string, action: string): string {
  return `/exec/${segment(execId)}${action}`
}
