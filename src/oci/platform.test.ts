import assert from 'node:assert/strict'
import test from 'node:test'
import type { Descriptor } from '#oci/descriptor.ts'
import { digestOf } from '#oci/digest.ts'
import {
  chooseManifest,
  formatPlatform,
  hostPlatform,
  matchesPlatform,
  parsePlatform,
} from '#oci/platform.ts'

const host = hostPlatform('x64')

function entry(name: string, platform: string | undefined, attestation = false): Descriptor {
  return {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestOf(name),
    size: 1,
    ...(platform === undefined ? {} : { platform: parsePlatform(platform, host) }),
    ...(attestation
      ? { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }
      : {}),
  }
}

test('platforms are normalised', () => {
  const normal: Readonly<Record<string, string>> = {
    'linux/amd64': 'linux/amd64',
    'linux/x86_64': 'linux/amd64',
    'linux/arm64/v8': 'linux/arm64',
    'Linux/aarch64': 'linux/arm64',
    'linux/arm': 'linux/arm/v7',
    'linux/arm/6': 'linux/arm/v6',
    'linux/armhf': 'linux/arm/v7',
    linux: 'linux/amd64',
    arm64: 'linux/arm64',
    windows: 'windows/amd64',
  }
  for (const [text, expected] of Object.entries(normal)) {
    assert.equal(formatPlatform(parsePlatform(text, host)), expected, text)
  }
})

test('what is no platform is refused', () => {
  for (const text of ['', 'linux/', 'a/b/c/d', 'linux/am d64', 'toaster']) {
    assert.throws(() => parsePlatform(text, host), { kind: 'invalid_argument' }, text)
  }
})

test('the best entry of an index is chosen, attestations never', () => {
  const entries = [
    entry('attestation', 'unknown/unknown', true),
    entry('disguised', 'linux/amd64', true),
    entry('386', 'linux/386'),
    entry('v6', 'linux/arm/v6'),
    entry('v7', 'linux/arm/v7'),
    entry('arm64', 'linux/arm64/v8'),
    entry('amd64', 'linux/amd64'),
  ]
  const chosen = (platform: string) =>
    chooseManifest(entries, parsePlatform(platform, host))?.digest
  assert.equal(chosen('linux/amd64'), digestOf('amd64'))
  assert.equal(chosen('linux/arm64'), digestOf('arm64'))
  assert.equal(chosen('linux/arm/v8'), digestOf('v7'))
  assert.equal(chosen('linux/arm/v6'), digestOf('v6'))
  assert.equal(chosen('linux/s390x'), undefined)
  assert.equal(chosen('windows/amd64'), undefined)
  assert.equal(chooseManifest([entry('only', undefined)], host)?.digest, digestOf('only'))
})

test('a lower variant runs on a higher one, not the other way round', () => {
  const parse = (text: string) => parsePlatform(text, host)
  assert.ok(matchesPlatform(parse('linux/amd64/v3'), parse('linux/amd64')))
  assert.ok(!matchesPlatform(parse('linux/amd64'), parse('linux/amd64/v3')))
  assert.ok(matchesPlatform(parse('linux/arm64'), parse('linux/arm/v7')))
})
