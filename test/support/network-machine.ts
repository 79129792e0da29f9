/**
 * A machine of its own for network tests: the main thread of the test process
 * moves into a fresh network namespace, so bridges, rules and sysctls of the test meet nobody
 * else's, and "other hosts" are namespaces joined to it by a veth pair.
 */
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { silentLogger } from '#base/log.ts'
import { openNetworks } from '#network/open.ts'
import type { NetworkEvent, Networks, NetworksOptions, Sandbox } from '#network/types.ts'
import { openMetadataDb } from '#store/database.ts'
import type { MetadataDb } from '#store/types.ts'
import { changeLinkRequest } from '#sys/netlink/link.ts'
import { openNetlink } from '#sys/netlink/socket.ts'
import { enterFreshNetworkNamespace, removeNetworkNamespace } from '#sys/netns.ts'

export interface Machine {
  readonly root: string
  readonly events: NetworkEvent[]
  /** An engine's network service on this machine; several may follow each other. */
  openNetworks(options?: Partial<NetworksOptions>): Promise<Networks>
}

/** What one shell command printed. @throws when it fails */
export function shell(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('sh', ['-ec', command], (error, stdout, stderr) => {
      if (error) reject(new Error(`${command}: ${stderr}`, { cause: error }))
      else resolve(stdout)
    })
  })
}

/** What the tests' engines are opened with; the rest may be given per test. */
export function testNetworksOptions(execRoot: string): NetworksOptions {
  return {
    execRoot,
    bridge: 'gt0',
    addressPools: [{ base: '172.30.0.0/16', size: 24 }],
    tableName: 'gantry_test',
    mtu: 1500,
    hasIpForward: true,
    hasIpMasquerade: true,
  }
}

/** Only the namespace, for tests that need no engine. */
export function openBareMachine(t: TestContext): void {
  enterOnce()
  t.after(() => shell('for l in nl0 nl9 nlbr; do ip link delete $l 2>/dev/null || true; done'))
}

/** Enters the namespace once per test process; each call gives a fresh root directory. */
export function openMachine(t: TestContext): Machine {
  enterOnce()
  const root = mkdtempSync(join(tmpdir(), 'gantry-net-'))
  const events: NetworkEvent[] = []
  // Opened late: a database has one engine at a time.
  let db: MetadataDb | undefined
  t.after(async () => {
    db?.[Symbol.dispose]()
    const pinned = join(root, 'netns')
    for (const id of existsSync(pinned) ? readdirSync(pinned) : []) {
      removeNetworkNamespace(join(pinned, id))
    }
    rmSync(root, { recursive: true })
    await shell('ip link show gt0 >/dev/null 2>&1 && ip link delete gt0 || true; nft flush ruleset')
  })
  return {
    root,
    events,
    openNetworks(options = {}) {
      db ??= openMetadataDb({ root, log: silentLogger })
      return openNetworks(
        { ...testNetworksOptions(root), ...options },
        { db, log: silentLogger, onEvent: (event) => events.push(event) },
      )
    },
  }
}

let isEntered = false

function enterOnce(): void {
  if (isEntered) return
  enterFreshNetworkNamespace()
  isEntered = true
  using netlink = openNetlink()
  netlink.request(changeLinkRequest(1, { isUp: true }))
}

/** An outside host at 198.51.100.2; this machine is 198.51.100.1 on the same wire. */
export async function connectOutsideHost(t: TestContext): Promise<{ readonly netnsPid: number }> {
  const holder = spawn('/usr/bin/unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' })
  t.after(() => holder.kill('SIGKILL'))
  const pid = holder.pid
  if (pid === undefined) throw new Error('unshare did not start')
  await waitForOwnNamespace(pid)
  await shell(`
    ip link add out0 type veth peer name eth0 netns ${pid}
    ip address add 198.51.100.1/24 dev out0
    ip link set out0 up
    nsenter --net=/proc/${pid}/ns/net sh -c 'ip link set lo up; ip address add 198.51.100.2/24 dev eth0; ip link set eth0 up'
  `)
  t.after(() => shell('ip link delete out0 2>/dev/null || true'))
  return { netnsPid: pid }
}

async function waitForOwnNamespace(pid: number): Promise<void> {
  await shell(
    `own=$(readlink /proc/self/ns/net); for i in $(seq 200); do [ "$(readlink /proc/${pid}/ns/net)" != "$own" ] && exit 0; sleep 0.02; done; exit 1`,
  )
}

/** A node program inside a namespace; its first line of output says that it is ready. */
export async function runInside(
  t: TestContext,
  netnsPath: string,
  program: string,
): Promise<{ stop(): Promise<void> }> {
  const child = spawn('/usr/bin/nsenter', [`--net=${netnsPath}`, process.execPath, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
  }
  t.after(stop)
  for await (const _line of createInterface({ input: child.stdout })) break
  return { stop }
}

/** A TCP server that says `<name> <client address>` to who connects, then closes. */
export function greeter(name: string, port: number): string {
  return `require('net').createServer((c) => { c.on('error', () => {}); c.end('${name} ' + c.remoteAddress.replace('::ffff:', '')) }).listen(${port}, '0.0.0.0', () => console.log('ready'))`
}

/** A UDP server that answers each datagram with `<name> <datagram>`. */
export function udpEcho(name: string, port: number): string {
  return `const s = require('dgram').createSocket('udp4'); s.on('message', (m, c) => s.send('${name} ' + m, c.port, c.address)); s.bind(${port}, () => console.log('ready'))`
}

/** Connects again and again, one at a time, until told to stop. */
export async function startAsking(
  t: TestContext,
  host: string,
  port: number,
): Promise<{ stop(): Promise<{ readonly answers: number; readonly failures: string[] }> }> {
  const program = `
    const failures = []
    let answers = 0
    const next = () => {
      const c = require('net').connect(${port}, '${host}')
      const failed = (text) => { failures.push(text); c.destroy() }
      c.setTimeout(5000, () => failed('timeout'))
      c.on('error', (e) => failed(e.code))
      c.on('data', () => { if (answers++ === 0) console.log('ready') })
      c.on('close', () => setTimeout(next, 1))
    }
    process.on('message', () => process.send({ answers, failures }, () => process.exit()))
    next()`
  const child = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  t.after(() => child.kill('SIGKILL'))
  for await (const _line of createInterface({ input: child.stdout ?? process.stdin })) break
  return {
    stop: () =>
      new Promise((resolve) => {
        child.once('message', resolve)
        child.send('stop')
      }),
  }
}

/** What a TCP server says to a client in the namespace (this machine's when absent); `refused` or `timeout`. */
export function greet(host: string, port: number, netnsPath?: string): Promise<string> {
  return client(
    netnsPath,
    `let text = ''
     const c = require('net').connect(${port}, '${host}')
     c.setTimeout(1500, () => { console.log('timeout'); c.destroy() })
     c.on('data', (d) => text += d)
     c.on('end', () => console.log(text))
     c.on('error', (e) => console.log(e.code === 'ECONNREFUSED' ? 'refused' : e.code))`,
  )
}

/** The answer to one datagram, `timeout`, or the errno. */
export function ask(
  host: string,
  port: number,
  options: { readonly text: string; readonly netnsPath?: string; readonly sourcePort?: number },
): Promise<string> {
  return client(
    options.netnsPath,
    `const s = require('dgram').createSocket('${host.includes(':') ? 'udp6' : 'udp4'}')
     const timer = setTimeout(() => { console.log('timeout'); s.close() }, 1500)
     s.on('message', (m) => { console.log(String(m)); clearTimeout(timer); s.close() })
     s.on('error', (e) => { console.log(e.code); clearTimeout(timer); s.close() })
     s.bind(${options.sourcePort ?? 0}, () => s.connect(${port}, '${host}', () => s.send('${options.text}')))`,
  )
}

function client(netnsPath: string | undefined, program: string): Promise<string> {
  const [file, args] =
    netnsPath === undefined
      ? [process.execPath, ['-e', program]]
      : ['/usr/bin/nsenter', [`--net=${netnsPath}`, process.execPath, '-e', program]]
  return new Promise((resolve, reject) => {
    execFile(file, args, (error, stdout) => (error ? reject(error) : resolve(stdout.trim())))
  })
}

/** The namespace of a sandbox that has one. */
export function netnsOf(sandbox: Sandbox): string {
  if (sandbox.netnsPath === undefined) throw new Error('the sandbox has no namespace of its own')
  return sandbox.netnsPath
}
