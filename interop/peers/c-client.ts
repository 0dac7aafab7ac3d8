/** The C client's shell `cli_mt`, out of Debian's packages, unpacked without installing them. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { installOnce } from './cache.ts'
import { run } from './command.ts'

const PACKAGES = ['zookeeper-bin', 'libzookeeper-mt2']

export interface CClient {
  readonly cli: string
  /** LD_LIBRARY_PATH for the shared library. */
  readonly libraryPath: string
}

/** Installs on first use. */
export async function cClient(): Promise<CClient> {
  const folder = await installOnce('c-client-3.8.0', build)
  const libraries = join(folder, 'usr', 'lib')
  const [machine] = (await readdir(libraries)).filter(name => name.includes('-linux-'))
  if (machine === undefined) throw new Error(`no library folder of a machine in ${libraries}`)
  return {
    cli: join(libraries, 'zookeeper', 'bin', 'cli_mt'),
    libraryPath: join(libraries, machine),
  }
}

async function build(folder: string): Promise<void> {
  const downloads = join(folder, 'download')
  await mkdir(downloads)
  await run('apt-get', ['update', '-qq'])
  // apt drops its privileges for downloads where it can write; here it need not.
  await run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', '-qq', ...PACKAGES], {
    cwd: downloads,
  })
  const files = (await readdir(downloads)).filter(name => name.endsWith('.deb'))
  if (files.length !== PACKAGES.length) throw new Error(`downloaded ${files.join(' ')}`)
  for (const file of files) await run('dpkg-deb', ['-x', join(downloads, file), folder])
  await rm(downloads, { recursive: true })
}
