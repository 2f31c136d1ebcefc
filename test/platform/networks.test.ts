import { expect, test } from 'vitest'
import { networkOf, rateLimitKey } from '../../src/platform/networks.ts'

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::ffff:cb00:7107', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['fe80::1%br-1a2b3c', 'fe80:0:0:0::/64'],
  ['fe80::1%wlan0.100', 'fe80:0:0:0::/64'],
  ['not an address', 'not an address'],
  ['', ''],
])('%j is counted as %j', (address, key) => {
  expect(rateLimitKey(address)).toBe(key)
})

test.each(['fe80::1%br-1a2b3c', 'fe80::1%wlan0.100', 'nonsense', '', '1'])(
  'the network of %j can be named',
  (address) => {
    expect(() => networkOf(address)).not.toThrow()
  },
)
