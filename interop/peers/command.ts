/** Running the tools that install peers and the short programs that tests call. */
import { spawn } from 'node:child_process'

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** What the program reads; its standard input ends after it. */
  readonly input?: string
  /** The program is killed after this long; 300 seconds when absent. */
  readonly timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 300_000

/** Runs a program to its end and returns what it printed, whatever its exit code is. */
export async function capture(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>()
  const child = spawn(program, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.once('error', reject)
  child.once('close', code => resolve({ code, stdout, stderr }))
  // A program that ends without reading its input breaks the pipe; its exit code tells the story.
  child.stdin.once('error', () => {})
  child.stdin.end(options.input ?? '')
  return promise
}

/** Runs a program that must succeed and returns its standard output. */
export async function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await capture(program, args, options)
  if (result.code !== 0) {
    throw new Error(
      `${program} ${args.join(' ')} ended with ${result.code}\n${result.stdout}${result.stderr}`,
    )
  }
  return result.stdout
}

/** Whether `program` can be started at all. */
export async function exists(program: string): Promise<boolean> {
  try {
    await capture(program, ['--version'])
    return true
  } catch (error) {
    if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Installs Debian packages unless `program`, which they bring, is there already. */
export async function needProgram(program: string, packages: readonly string[]): Promise<void> {
  if (await exists(program)) return
  await run('apt-get', ['update', '-qq'])
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages])
  if (!(await exists(program))) throw new Error(`${program} is missing after ${packages.join(' ')}`)
}
