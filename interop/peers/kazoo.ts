/** kazoo, the Python client and its recipes, in a virtual environment of its own. */
import { join } from 'node:path'
import { installOnce } from './cache.ts'
import { needProgram, run } from './command.ts'

const KAZOO = 'kazoo==2.11.0'
const PURE_SASL = 'pure-sasl==0.6.2'

/** The Python that has kazoo; installs on first use. */
export async function kazooPython(): Promise<string> {
  const folder = await installOnce('kazoo-2.11.0', async staging => {
    await needProgram('python3', ['python3', 'python3-venv'])
    await run('python3', ['-m', 'venv', staging])
    // Through the interpreter: the scripts beside it name the folder they were made in.
    await run(join(staging, 'bin', 'python'), ['-m', 'pip', 'install', '-q', KAZOO, PURE_SASL])
  })
  return join(folder, 'bin', 'python')
}
