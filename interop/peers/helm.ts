/** Helm: the one in the path, the one of the end-to-end tests, or one built from its module. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheRoot, installOnce } from './cache.ts'
import { capture, run } from './command.ts'

const VERSION = 'v3.22.0'

/** Path of a helm. Building it takes a minute or two, once. */
export async function installHelm(): Promise<string> {
  const found = await capture('which', ['helm'])
  if (found.code === 0) return found.stdout.trim()
  const shared = join(cacheRoot(), 'e2e', 'bin', 'helm')
  if (existsSync(shared)) return shared
  const folder = await installOnce(`helm-${VERSION}`, async staging => {
    await run('go', ['install', `helm.sh/helm/v3/cmd/helm@${VERSION}`], {
      env: { GOBIN: staging, CGO_ENABLED: '0' },
      timeoutMs: 600_000,
    })
  })
  return join(folder, 'helm')
}
