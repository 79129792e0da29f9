/** A real registry: Debian's `docker-registry` on a free loopback port with storage of its own. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { runOk } from '#test/support/commands.ts'
import { pushBlob, pushManifest } from '#test/support/push.ts'
import type { PushTarget } from '#test/support/push.ts'
import type { Blob, TestImage } from '#test/support/images.ts'

export interface RegistryOptions {
  /** Ask for the basic credentials `registryUser`. */
  readonly hasAuth?: boolean
  /** Serve https with a certificate made for 127.0.0.1. */
  readonly hasTls?: boolean
  /** Listens there; 127.0.0.1 when absent. The certificate is for it. */
  readonly host?: string
  /** Asks clients for a certificate of this authority (a PEM file). */
  readonly clientAuthority?: string
}

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:port`, the registry part of references. */
  readonly address: string
  /** Where blobs lie, for tests that damage them. */
  readonly root: string
  /** PEM of the certificate, with `hasTls`. */
  readonly certificate: string | undefined
  readonly target: PushTarget
  /** Pushes blobs and the manifest; gives the reference `127.0.0.1:port/repository:tag`. */
  push(image: TestImage, repository: string, tag?: string): Promise<string>
  /** Pushes a manifest or index on its own to `repository:tag`. */
  pushManifest(manifest: Blob, name: string): Promise<void>
  stop(): Promise<void>
}

const loopback = '127.0.0.1'

export const registryUser = { name: 'gantry', password: 'open sesame' } as const

/** bcrypt of `registryUser.password`, the only form that the registry takes. */
const passwordDigest = '$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW'

export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const root = mkdtempSync(join(tmpdir(), 'g-registry-'))
  const certificate = options.hasTls
    ? await makeCertificate(root, options.host ?? loopback)
    : undefined
  writeFileSync(join(root, 'htpasswd'), `${registryUser.name}:${passwordDigest}\n`)
  writeFileSync(join(root, 'config.yml'), configText(root, options))
  const child = spawn('docker-registry', ['serve', join(root, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const address = await listeningAddress(child)
  const target: PushTarget = {
    url: `${options.hasTls ? 'https' : 'http'}://${address}`,
    ca: certificate,
    authorization: options.hasAuth
      ? `Basic ${btoa(`${registryUser.name}:${registryUser.password}`)}`
      : undefined,
  }
  const stop = async () => {
    await endChild(child)
    rmSync(root, { recursive: true, force: true })
  }
  return {
    address,
    root,
    certificate,
    target,
    async push(image, repository, tag = 'latest') {
      for (const blob of [image.config, ...image.layers]) await pushBlob(target, repository, blob)
      await pushManifest(target, `${repository}:${tag}`, image.manifest)
      return `${address}/${repository}:${tag}`
    },
    pushManifest: (manifest, name) => pushManifest(target, name, manifest),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function configText(
  root: string,
  { hasAuth, hasTls, host = loopback, clientAuthority }: RegistryOptions,
): string {
  const config = {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(root, 'data') }, delete: { enabled: true } },
    http: {
      addr: `${host}:0`,
      ...(hasTls && {
        tls: {
          certificate: join(root, 'cert.pem'),
          key: join(root, 'key.pem'),
          ...(clientAuthority !== undefined && { clientcas: [clientAuthority] }),
        },
      }),
    },
    ...(hasAuth && { auth: { htpasswd: { realm: 'gantry', path: join(root, 'htpasswd') } } }),
  }
  // JSON is YAML, which is what the registry reads.
  return JSON.stringify(config)
}

/** The address that the registry logs once it listens; what it said before, when it ends instead. */
function listeningAddress(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  if (!child.stderr) throw new Error('the registry has no stderr')
  const said: string[] = []
  const lines = createInterface({ input: child.stderr })
  lines.on('line', (line) => {
    said.push(line)
    const address = /listening on (\d+\.\d+\.\d+\.\d+:\d+)/.exec(line)?.[1]
    if (address !== undefined) resolve(address)
  })
  child.once('error', reject)
  child.once('exit', (code) => {
    reject(new Error(`docker-registry ended with ${code}:\n${said.join('\n')}`))
  })
  return promise
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const { promise, resolve } = Promise.withResolvers<void>()
  child.once('exit', () => resolve())
  child.kill('SIGKILL')
  await promise
}

async function makeCertificate(root: string, host: string): Promise<string> {
  const options = '-x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2'
  const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=IP:${host}`]
  const key = join(root, 'key.pem')
  const args = ['req', ...options.split(' '), ...subject, '-keyout', key]
  const { stdout } = await runOk('openssl', args)
  writeFileSync(join(root, 'cert.pem'), stdout)
  return stdout
}
