/** What Kubernetes and Prometheus ask the operator. */
import type { Environment } from './environment.ts'
import { serve, text } from './http.ts'
import type { OperatorMetrics } from './metrics.ts'

/** Health says that the process makes progress; readiness that it has reached the API server. */
export async function serveHealth(
  environment: Environment,
  metrics: OperatorMetrics,
  isReady: () => boolean,
): Promise<void> {
  await serve(environment.healthPort, {
    '/healthz': () => Promise.resolve(text(200, 'ok\n')),
    '/readyz': () => Promise.resolve(isReady() ? text(200, 'ok\n') : text(503, 'not yet\n')),
  })
  await serve(environment.metricsPort, {
    '/metrics': async () => ({
      status: 200,
      type: metrics.registry.contentType,
      body: await metrics.registry.metrics(),
    }),
  })
}
