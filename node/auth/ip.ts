/** Addresses and networks of the scheme `ip` (client-protocol.md 16.3). */

/**
 * The bytes of an IPv4 dotted quad (4) or of an IPv6 address of 8 groups or one "::" (16);
 * undefined for anything else, zones and embedded IPv4 included.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const bytes = new Uint8Array(4)
  for (const [i, part] of parts.entries()) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined
    bytes[i] = Number(part)
  }
  return bytes
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const left = groupsOf(halves[0]!)
  const right = halves.length === 2 ? groupsOf(halves[1]!) : []
  if (left === undefined || right === undefined) return undefined
  const missing = 8 - left.length - right.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...left, ...Array.from({ length: missing }, () => 0), ...right]
  const bytes = new Uint8Array(16)
  for (const [i, group] of groups.entries()) {
    bytes[i * 2] = group >> 8
    bytes[i * 2 + 1] = group
  }
  return bytes
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  for (const part of text.split(':')) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
    groups.push(Number.parseInt(part, 16))
  }
  return groups
}

interface Network {
  readonly address: Uint8Array
  readonly bits: number
}

/** `address` or `address/bits`; undefined when it is not valid as the id of an ACL. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/')
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) return undefined
  const most = address.length * 8
  if (slash < 0) return { address, bits: most }
  const bitsText = text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(bitsText) || Number(bitsText) > most) return undefined
  return { address, bits: Number(bitsText) }
}

/** Whether an address lies in a network; the two families never match each other. */
export function isInNetwork(address: string, network: string): boolean {
  const parsed = parseNetwork(network)
  const bytes = parseAddress(address)
  if (parsed === undefined || bytes === undefined) return false
  if (bytes.length !== parsed.address.length) return false
  for (let i = 0; i < bytes.length; i++) {
    const bits = Math.min(8, Math.max(0, parsed.bits - i * 8))
    const mask = (0xff << (8 - bits)) & 0xff
    if (((bytes[i]! ^ parsed.address[i]!) & mask) !== 0) return false
  }
  return true
}

/** An address as Java writes it: IPv6 in eight groups, lower case, nothing shortened. */
export function javaAddress(text: string): string {
  const plain = text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text
  if (!plain.includes(':')) return plain
  const zone = plain.indexOf('%')
  const bytes = parseIpv6(zone < 0 ? plain : plain.slice(0, zone))
  if (bytes === undefined) return plain
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16))
  return groups.join(':') + (zone < 0 ? '' : plain.slice(zone))
}
