/** Real ports, configuration, signals; nothing else. */
import { readFileSync } from 'node:fs'
import { loadMemberConfig } from './io/member-config.ts'
import { runMember } from './io/run-member.ts'

const args = process.argv.slice(2)
const settings = loadMemberConfig(
  args,
  new Map(Object.entries(process.env).map(([k, v]) => [k, v ?? ''])),
)
await runMember(settings, packageVersion())

function packageVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const found = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        version?: unknown
      }
      if (typeof found.version === 'string') return found.version
    } catch {
      // The next place: sources and built JavaScript lie at different depths.
    }
  }
  return '0.0.0'
}
