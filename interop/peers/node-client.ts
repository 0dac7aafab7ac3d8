/** node-zookeeper-client, the pure JavaScript client. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installOnce } from './cache.ts'
import { run } from './command.ts'

const PACKAGE = 'node-zookeeper-client@1.1.3'

/** The file to import it from; installs on first use. */
export async function nodeClientEntry(): Promise<string> {
  const folder = await installOnce('node-zookeeper-client-1.1.3', async staging => {
    await writeFile(join(staging, 'package.json'), '{"private":true}\n')
    await run('npm', ['install', '--silent', '--ignore-scripts', PACKAGE], { cwd: staging })
  })
  return join(folder, 'node_modules', 'node-zookeeper-client', 'index.js')
}
