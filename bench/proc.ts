/** What the kernel says of a process. */
import { readFileSync } from 'node:fs'

const CLOCK_TICKS_PER_SECOND = 100

export interface ProcessTimes {
  /** User and system time of all its threads, to 10 ms. */
  readonly cpuUs: number
  readonly rssBytes: number
}

export function processTimes(pid: number): ProcessTimes {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold anything; what follows it does not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const rssKb = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)
  return { cpuUs: (ticks * 1e6) / CLOCK_TICKS_PER_SECOND, rssBytes: rssKb * 1024 }
}
