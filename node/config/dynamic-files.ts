/**
 * The files that a reconfiguration leaves beside zoo.cfg (operations.md 5.2, quorum-protocol.md
 * 9.2): their names and their content. Writing them atomically is the business of storage.
 */
import { hexDigits } from '../../wire/ids.ts'
import { parseProperties, printProperty } from './properties.ts'

/** Where zoo.cfg is copied before it is rewritten for the first time. */
export function backupConfigPath(configPath: string): string {
  return `${configPath}.bak`
}

/** Where a committed configuration stands. */
export function dynamicConfigPath(configPath: string, version: bigint): string {
  return `${configPath}.dynamic.${hexDigits(version)}`
}

/** Where a proposed configuration waits for its commit, with its version line. */
export function nextConfigPath(configPath: string): string {
  return `${configPath}.dynamic.next`
}

/**
 * zoo.cfg as it is once the members stand in a file of their own: without server, group, weight and
 * peerType lines, and without clientPort and clientPortAddress when the server line of this member
 * has the client address. Comments are lost, the order of keys is kept. `text` is what the file
 * holds, not Config.configText, which lacks the secrets.
 */
export function rewriteZooCfg(
  text: string,
  dynamicPath: string,
  hasClientAddressInLine: boolean,
): string {
  const lines: string[] = []
  for (const [key, value] of parseProperties(text).entries) {
    if (/^(server\.|group|weight)/.test(key)) continue
    if (key === 'peerType' || key === 'dynamicConfigFile' || key === 'version') continue
    if (hasClientAddressInLine && /^clientPort(Address)?$/.test(key)) continue
    lines.push(printProperty(key, value))
  }
  lines.push(printProperty('dynamicConfigFile', dynamicPath))
  return `${lines.join('\n')}\n`
}
