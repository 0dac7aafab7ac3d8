/** Dynamic configuration files beside zoo.cfg (quorum-protocol.md 9.2). */
import { readFileSync } from 'node:fs'
import { copyFile, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Membership, printLines, printMembership } from '../../wire/config-string.ts'
import type { QuorumConfig } from '../config/config.ts'
import {
  backupConfigPath,
  dynamicConfigPath,
  nextConfigPath,
  rewriteZooCfg,
} from '../config/dynamic-files.ts'
import type { ConfigFiles } from '../member/ports.ts'

/** With reconfigEnabled=false nothing is ever written: the configuration stays the static one. */
export const NO_CONFIG_FILES: ConfigFiles = {
  writeNext: () => Promise.resolve(),
  activate: () => Promise.resolve(),
}

export class DynamicConfigFiles implements ConfigFiles {
  readonly #configPath: string
  readonly #quorum: QuorumConfig
  /** One after the other: they write the same files. */
  #activated: Promise<void> = Promise.resolve()

  constructor(configPath: string, quorum: QuorumConfig) {
    this.#configPath = configPath
    this.#quorum = quorum
  }

  async writeNext(membership: Membership): Promise<void> {
    await writeDurably(nextConfigPath(this.#configPath), printMembership(membership))
  }

  /** The members in a file of their own, then zoo.cfg pointing to it, then the proposal gone. */
  activate(membership: Membership): Promise<void> {
    const done = this.#activated.then(() => this.#activate(membership))
    this.#activated = done.catch(() => {})
    return done
  }

  async #activate(membership: Membership): Promise<void> {
    const path = dynamicConfigPath(this.#configPath, membership.version)
    const lines = printLines(membership).sort()
    await writeDurably(path, lines.join('\n'))
    const backup = backupConfigPath(this.#configPath)
    const isFirst = this.#quorum.membershipIsStatic && !(await exists(backup))
    if (isFirst) await copyFile(this.#configPath, backup)
    const own = membership.members.find(member => member.id === this.#quorum.serverId)
    const text = await readFile(this.#configPath, 'utf8')
    const rewritten = rewriteZooCfg(text, path, own?.clientAddress !== undefined)
    await writeDurably(this.#configPath, rewritten)
    await this.#dropNext(membership)
  }

  /** A proposal that is newer than what was committed stays. */
  async #dropNext(membership: Membership): Promise<void> {
    const path = nextConfigPath(this.#configPath)
    if (!(await exists(path))) return
    const version = /^version=([0-9a-f]+)$/m.exec(readFileSync(path, 'utf8'))?.[1]
    if (version !== undefined && BigInt(`0x${version}`) > membership.version) return
    await rm(path, { force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`
  const file = await open(temporary, 'w', 0o644)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
