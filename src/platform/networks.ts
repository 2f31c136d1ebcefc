import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** An address without the part that names one household: "203.0.113.0/24", "2001:db8:1::/48". Empty for anything else. */
export function networkOf(address: string): string {
  const ip = parsed(address)
  if (ip === null) return ''
  return ip instanceof ipaddr.IPv6 ? prefixOf(ip, 3) : `${ip.octets.slice(0, 3).join('.')}.0/24`
}

/** Who counts as one for limits: an IPv4 address, or the 64 bits of IPv6 that one connection has to itself. */
export function rateLimitKey(address: string): string {
  const ip = parsed(address)
  if (ip === null) return address
  return ip instanceof ipaddr.IPv6 ? prefixOf(ip, 4) : ip.toString()
}

/** IPv4 in the notation of IPv6 is IPv4; a zone (`%wlan0.100`) is ignored. Null for anything that is not an address, the short forms "1" and "0x7f.1" included. */
function parsed(address: string) {
  return isIP(address) === 0 ? null : ipaddr.process(address.split('%')[0]!)
}

function prefixOf(ip: ipaddr.IPv6, groups: number): string {
  const shown = ip.parts.slice(0, groups).map((part) => part.toString(16))
  return `${shown.join(':')}::/${groups * 16}`
}

/** Whether this is an address, or a network in CIDR notation. */
export function isNetwork(text: string): boolean {
  return isIP(text) !== 0 || (isIP(text.split('/')[0]!) !== 0 && ipaddr.isValidCIDR(text))
}
