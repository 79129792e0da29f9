import assert from 'node:assert/strict'
import test from 'node:test'
import { checkNetworkSettings } from '#api/mapping/network-settings.ts'
import type { EndpointSettings, HostConfig } from '#wire/containers.ts'

test('settings that work are taken', () => {
  checkNetworkSettings({}, {})
  checkNetworkSettings(
    {
      Dns: ['1.1.1.1', '2606:4700::1111', 'fe80::1%eth0'],
      DnsSearch: ['.'],
      DnsOptions: ['ndots:3'],
      ExtraHosts: ['a:1.2.3.4', 'b=::1', 'c:[::1]', 'host:host-gateway'],
    },
    { IPAMConfig: { IPv4Address: '10.0.0.9', IPv6Address: '' }, MacAddress: '02:42:AC:11:00:09' },
  )
})

test('those that cannot are refused with what is wrong with them', () => {
  const cases: readonly (readonly [HostConfig, EndpointSettings, string])[] = [
    [{}, { IPAMConfig: { IPv4Address: 'bad' } }, 'invalid IPv4 address "bad"'],
    [{}, { MacAddress: 'zz' }, 'invalid MAC address "zz"'],
    [
      {},
      { MacAddress: '01:00:5e:00:00:01' },
      'invalid MAC address "01:00:5e:00:00:01": a multicast address',
    ],
    [
      {},
      { IPAMConfig: { IPv6Address: 'fd00::1' } },
      'EndpointsConfig.IPAMConfig.IPv6Address is not supported by this engine',
    ],
    [{}, { Links: ['db'] }, 'EndpointsConfig.Links is not supported by this engine'],
    [{ PortBindings: { '80/tcp': [{ HostIp: 'bad' }] } }, {}, 'invalid IP address "bad"'],
    [{ ExtraHosts: ['bad'] }, {}, 'bad format for add-host: "bad"'],
    [{ ExtraHosts: ['a:b'] }, {}, 'invalid IP address in add-host: "b"'],
    [{ ExtraHosts: ['a\nb:1.2.3.4'] }, {}, 'bad format for add-host: "a\nb:1.2.3.4"'],
    [{ Dns: ['1.1.1.1\nnameserver 2'] }, {}, 'bad nameserver address "1.1.1.1\nnameserver 2"'],
    [{ DnsSearch: ['a\nb'] }, {}, String.raw`invalid resolver setting "a\nb"`],
  ]
  for (const [config, endpoint, message] of cases) {
    assert.throws(() => checkNetworkSettings(config, endpoint), { message })
  }
})
