/** What the process is started as: a member, or a laptop's worth of them. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkHealth } from './io/health-check.ts'
import { runLaptop } from './io/laptop.ts'
import { loadMemberConfig, type MemberSettings } from './io/member-config.ts'
import { preparePod } from './io/pod.ts'
import { runMember } from './io/run-member.ts'

/** Of the AdminServer, where nothing else is said. */
const ADMIN_PORT = '8080'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    laptop: { type: 'boolean', default: false },
    voters: { type: 'string', default: '3' },
    observers: { type: 'string', default: '1' },
    data: { type: 'string', default: 'data' },
    pod: { type: 'boolean', default: false },
    health: { type: 'boolean', default: false },
  },
})

if (values.health) {
  process.exitCode = await checkHealth(Number(process.env['ZK_ADMIN_PORT'] ?? ADMIN_PORT))
} else if (values.laptop && Number(values.voters) !== 1) {
  await runLaptop({
    voters: Number(values.voters),
    observers: Number(values.observers),
    dataDir: values.data,
  })
} else {
  const environment = new Map(
    Object.entries(process.env).map(([name, value]) => [name, value ?? '']),
  )
  const settings = values.laptop
    ? loadMemberConfig(['--laptop', values.data], environment)
    : values.pod
      ? await loadPodConfig(environment)
      : loadMemberConfig(argumentsOf(positionals), environment)
  await runMember(settings, packageVersion())
}

/** The official image is started as `zkServer.sh start-foreground`; that is what we do anyway. */
function argumentsOf(given: readonly string[]): readonly string[] {
  return given[0] === 'zkServer.sh' && given[1] === 'start-foreground' ? given.slice(2) : given
}

/** What the operator starts members with (docs/internals/operator.md). */
async function loadPodConfig(environment: ReadonlyMap<string, string>): Promise<MemberSettings> {
  const pod = await preparePod(environment)
  return { ...loadMemberConfig([pod.configPath], environment), pod }
}

/** Sources and built JavaScript lie at different depths below package.json. */
function packageVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const text = readFileSync(new URL(path, import.meta.url), 'utf8')
      const found = JSON.parse(text) as { name?: unknown; version?: unknown }
      if (found.name === 'zkcluster' && typeof found.version === 'string') return found.version
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return '0.0.0'
}
