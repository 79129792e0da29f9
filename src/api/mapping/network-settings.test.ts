import assert from 'node:assert/strict'
import test from 'node:test'
import { checkNetworkSettings } from '#api/mapping/network-settings.ts'
import type { EndpointSettings, HostConfig } from '#wire/containers.ts'

test('settings that work are taken', () => {
  checkNetworkSettings({}, {})
  checkNetworkSettings(
    { PortBindings: { '80/tcp': [{ HostIp: '::1' }, { HostIp: '' }] } },
    { IPAMConfig: { IPv4Address: '10.0.0.9', IPv6Address: '' } },
  )
})

test('those that cannot are refused with what is wrong with them', () => {
  const cases: readonly (readonly [HostConfig, EndpointSettings, string])[] = [
    [{}, { IPAMConfig: { IPv4Address: 'bad' } }, 'invalid IPv4 address "bad"'],
    [
      {},
      { IPAMConfig: { IPv6Address: 'fd00::1' } },
      'EndpointsConfig.IPAMConfig.IPv6Address is not supported by this engine',
    ],
    [{}, { Links: ['db'] }, 'EndpointsConfig.Links is not supported by this engine'],
    [{ PortBindings: { '80/tcp': [{ HostIp: 'bad' }] } }, {}, 'invalid IP address "bad"'],
  ]
  for (const [config, endpoint, message] of cases) {
    assert.throws(() => checkNetworkSettings(config, endpoint), { message })
  }
})
