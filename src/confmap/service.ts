import { z } from 'zod';
import { isLoopback } from '../config/endpoint.ts';

const ids = z.array(z.string());

const prometheusReader = z.strictObject({
  pull: z
    .strictObject({
      exporter: z.strictObject({
        prometheus: z
          .strictObject({
            host: z.string().min(1).default('localhost').describe('Address to listen on'),
            port: z.int().min(0).max(65_535).default(8888),
            allow_unauthenticated: z
              .boolean()
              .default(false)
              .describe('Show metrics to anyone who reaches an address other than loopback'),
          })
          .refine(({ host, port, allow_unauthenticated: allowed }) => allowed || isLoopback({ host, port }), {
            path: ['host'],
            message: 'other machines reach this address and anyone could ask; say allow_unauthenticated: true',
          }),
      }),
    })
    .describe('Metrics to be fetched by Prometheus'),
});

export const serviceSchema = z.strictObject({
  extensions: ids.default([]).describe('Extensions to start, in this order; without a list all that are defined'),
  pipelines: z
    .record(
      z.string(),
      z.strictObject({
        receivers: ids.min(1),
        processors: ids.default([]),
        exporters: ids.min(1),
      }),
    )
    .describe('Pipelines by id: `logs` or `logs/name`'),
  telemetry: z
    .strictObject({
      logs: z
        .strictObject({
          level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
          encoding: z.enum(['json', 'console']).default('json').describe('`console`: one line of text for people'),
        })
        .prefault({}),
      metrics: z
        .strictObject({
          level: z
            .enum(['none', 'basic', 'normal', 'detailed'])
            .default('normal')
            .describe('`none` switches metrics off'),
          readers: z.array(prometheusReader).default([]),
        })
        .prefault({}),
    })
    .prefault({})
    .describe('Logs and metrics of this process itself'),
});

export type ServiceConfig = z.output<typeof serviceSchema>;
export type TelemetryConfig = ServiceConfig['telemetry'];
