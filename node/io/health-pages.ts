/**
 * Pages for probes beside the AdminServer's commands, whose status is always 200: a prober looks at
 * nothing else. They are asked every few seconds and never logged.
 */
import type { AdminView } from '../admin/view.ts'

export interface HealthPage {
  readonly status: number
  readonly body: string
}

/** What a pod adds: its id, and which settings it runs. */
export interface PodFacts {
  readonly id: number
  readonly settings: () => string | undefined
}

/** Undefined: no such page. */
export function healthPage(
  path: string,
  view: Pick<AdminView, 'isServing' | 'mode'>,
  pod: PodFacts | undefined,
): HealthPage | undefined {
  switch (path) {
    // The process makes progress: without a quorum too, since a restart would not bring one.
    case '/live':
      return { status: 200, body: '{"live": true}\n' }
    // It serves clients in a quorum; a member that only answers reads does not.
    case '/ready': {
      const isReady = view.isServing() && view.mode() !== 'read-only'
      return { status: isReady ? 200 : 503, body: `{"ready": ${isReady}}\n` }
    }
    case '/pod':
      return pod === undefined
        ? undefined
        : {
            status: 200,
            body: `${JSON.stringify({ id: pod.id, settings: pod.settings() ?? null })}\n`,
          }
    default:
      return undefined
  }
}
