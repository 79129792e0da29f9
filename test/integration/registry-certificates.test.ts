/** In a network namespace of its own: every registry at a loopback address is trusted as it is. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { busyboxImage } from '#test/support/busybox.ts'
import { runOk } from '#test/support/commands.ts'
import { openImageService } from '#test/support/image-service.ts'
import { openBareMachine, shell } from '#test/support/network-machine.ts'
import { startRegistry } from '#test/support/registry.ts'

const host = '198.51.100.1'

function makeRoot(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'g-certificates-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  return root
}

test("a registry's own authority is trusted, from the moment its file is there", async (t) => {
  openBareMachine(t)
  await shell(`ip address add ${host}/32 dev lo`)
  const root = makeRoot(t)
  await using registry = await startRegistry({ hasTls: true, host })
  await using service = await openImageService({
    certificateDirectories: [join(root, 'none'), root],
  })
  const image = await busyboxImage()
  // Pushed over a trusted connection of the test's own.
  const name = await registry.push(image, 'secure')
  const unknown = {
    kind: 'unavailable',
    message: `Get "https://${registry.address}/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
  }
  await assert.rejects(service.pull(name), unknown)
  const place = join(root, registry.address)
  mkdirSync(place)
  writeFileSync(join(place, 'ca.crt'), registry.certificate ?? '')
  assert.equal((await service.pull(name)).id, image.config.digest)
  writeFileSync(join(place, 'client.cert'), registry.certificate ?? '')
  await assert.rejects(service.pull(name), {
    kind: 'failed_precondition',
    message: `missing key ${place}/client.key for client certificate ${place}/client.cert. CA certificates must use the extension .crt`,
  })
  rmSync(place, { recursive: true })
  await assert.rejects(service.pull(name), {
    message: unknown.message.replace('Get', 'Head').replace('/v2/', '/v2/secure/manifests/latest'),
  })
})

test('a registry that asks for a certificate is shown the one for it', async (t) => {
  const root = makeRoot(t)
  const [authority, key] = [join(root, 'client.pem'), join(root, 'client.key')]
  const options = '-x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2'
  const names = ['-subj', '/CN=client', '-keyout', key, '-out', authority]
  await runOk('openssl', ['req', ...options.split(' '), ...names])
  await using registry = await startRegistry({ hasTls: true, clientAuthority: authority })
  await using service = await openImageService({ certificateDirectories: [root] })
  // A loopback address is asked over plain http after that, which this one refuses.
  await assert.rejects(service.pull(`${registry.address}/none`), {
    message: 'received unexpected HTTP status: 400 Bad Request',
  })
  const place = join(root, registry.address)
  mkdirSync(place)
  copyFileSync(authority, join(place, 'client.cert'))
  copyFileSync(key, join(place, 'client.key'))
  await assert.rejects(service.pull(`${registry.address}/none`), {
    message: `manifest for ${registry.address}/none:latest not found: manifest unknown: manifest unknown`,
  })
})
