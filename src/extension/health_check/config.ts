import { z } from 'zod';
import { duration } from '../../config/duration.ts';
import { isLoopback, listenEndpoint } from '../../config/endpoint.ts';

const path = z.string().regex(/^\/[^?#\s]*$/, 'must start with / and hold no query');

export const healthCheckSchema = z.strictObject({
  endpoint: listenEndpoint().prefault('127.0.0.1:13133'),
  allow_unauthenticated: z
    .boolean()
    .default(false)
    .describe('Answer anyone who reaches an address other than loopback: it asks nobody who they are'),
  path: path.default('/').describe('Answers 200 while the process lives'),
  ready_path: path.default('/ready').describe('Answers 200 when everything runs, else 503 with the reasons'),
  details: z
    .boolean()
    .optional()
    .describe('Show each component and its reason; default: only where the endpoint is a loopback address'),
  component_health: z
    .strictObject({
      include_permanent_errors: z
        .boolean()
        .default(true)
        .describe('Not ready while a component is in error until somebody changes something'),
      include_recoverable_errors: z
        .boolean()
        .default(true)
        .describe('Not ready while a component is in error and tries again'),
      recovery_duration: duration().prefault('1m').describe('A recoverable error counts once it has lasted this long'),
    })
    .prefault({}),
});

export type HealthCheckConfig = z.output<typeof healthCheckSchema>;

export function showsDetails({ details, endpoint }: HealthCheckConfig): boolean {
  return details ?? isLoopback(endpoint);
}

export function validateHealthCheck(config: HealthCheckConfig): string[] {
  const problems: string[] = [];
  if (config.path === config.ready_path) problems.push('ready_path: must differ from path');
  if (!isLoopback(config.endpoint) && !config.allow_unauthenticated) {
    problems.push(`endpoint: other machines reach this address and anyone could ask; say allow_unauthenticated: true`);
  }
  return problems;
}
