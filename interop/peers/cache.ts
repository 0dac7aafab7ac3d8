/**
 * The cache of installed peers: one folder per peer and version, outside the tree. A folder is
 * either complete or absent: it is built under another name and renamed.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** `ZKCLUSTER_CACHE`, else `$XDG_CACHE_HOME/zkcluster`, else `~/.cache/zkcluster`. */
export function cacheRoot(): string {
  const own = process.env['ZKCLUSTER_CACHE']
  if (own !== undefined && own !== '') return own
  const xdg = process.env['XDG_CACHE_HOME']
  const base = xdg !== undefined && xdg !== '' ? xdg : join(homedir(), '.cache')
  return join(base, 'zkcluster')
}

/**
 * The folder `key` of the cache, built by `build` if it does not exist yet. `key` names peer and
 * version (and whatever else decides the content). Two processes may install the same peer at once:
 * the first rename wins and the other's work is thrown away. Throws what `build` throws.
 */
export async function installOnce(
  key: string,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const root = cacheRoot()
  const final = join(root, key)
  if (existsSync(final)) return final
  const staging = join(root, `.${key}.${process.pid}.${randomBytes(4).toString('hex')}`)
  await mkdir(staging, { recursive: true })
  try {
    await build(staging)
    await rename(staging, final)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    // Renaming onto a folder that is not empty fails: somebody else has finished first.
    if (isTaken(error) && existsSync(final)) return final
    throw error
  }
  return final
}

function isTaken(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOTEMPTY' || code === 'EEXIST'
}
