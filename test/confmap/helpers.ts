import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Component } from '../../src/component/component.ts';
import { duration } from '../../src/config/duration.ts';
import type { Factories } from '../../src/confmap/config.ts';
import { formatConfigDiagnostic } from '../../src/confmap/diagnostics.ts';
import { type LoadOptions, type LoadResult, loadConfig } from '../../src/confmap/load.ts';
import { commandReceiverFactory } from '../../src/receiver/command/factory.ts';

const idle: Component = { start: async () => {}, shutdown: async () => {} };

const listenerSchema = z.strictObject({
  endpoint: z.string().default('127.0.0.1:4318'),
  max_size: z.int().default(10),
});

/** Factories small enough to see what the loader does with them; the command receiver is the real one. */
export const factories: Factories = {
  receivers: [
    commandReceiverFactory,
    {
      type: 'otlp',
      stability: 'alpha',
      description: 'Takes OTLP',
      schema: z.strictObject({
        protocols: z.strictObject({ http: listenerSchema.optional(), grpc: listenerSchema.optional() }).prefault({}),
        auth: z.strictObject({ authenticator: z.string() }).optional(),
      }),
      validate: (config: unknown) =>
        (config as { protocols: object }).protocols &&
        Object.keys((config as { protocols: object }).protocols).length === 0
          ? ['protocols: needs http or grpc']
          : [],
      create: () => idle,
    },
  ],
  processors: [
    {
      type: 'ruleset',
      stability: 'alpha',
      description: 'Evaluates',
      schema: z.strictObject({
        rules: z.array(z.string()).default([]),
        alert_level: z.int().min(0).max(16).default(3),
      }),
      create: () => ({ ...idle, mutatesData: false, consume: async () => {} }),
    },
  ],
  exporters: [
    {
      type: 'debug',
      stability: 'alpha',
      description: 'Prints',
      schema: z.strictObject({
        timeout: duration().prefault('5s'),
        headers: z.record(z.string(), z.string()).default({}),
        verbosity: z.enum(['basic', 'detailed']).default('basic'),
        target: z
          .union([z.string(), z.strictObject({ path: z.string(), rotate: z.boolean().default(false) })])
          .optional(),
      }),
      create: () => ({ ...idle, mutatesData: false, consume: async () => {} }),
    },
  ],
  extensions: [
    {
      type: 'health',
      stability: 'alpha',
      description: 'Tells',
      schema: z.strictObject({ port: z.int().default(1) }),
      create: () => idle,
    },
  ],
};

export interface Loaded extends LoadResult {
  /** Diagnostics as they are printed, the folder of the files left out. */
  printed: string[];
}

/** Loads texts as files `config.yaml`, `config2.yaml` ... of a folder of their own. */
export function load(texts: string | readonly string[], options: Partial<LoadOptions> = {}): Loaded {
  const folder = mkdtempSync(join(tmpdir(), 'otel-hids-confmap-'));
  try {
    const files = [texts].flat().map((text, index) => {
      const file = join(folder, `config${index === 0 ? '' : index + 1}.yaml`);
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    });
    const result = loadConfig({ files, env: {}, factories, commandTypes: ['command'], ...options });
    return {
      ...result,
      printed: result.diagnostics.map((found) => formatConfigDiagnostic(found).replaceAll(`${folder}/`, '')),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A valid configuration around a piece of YAML that stands under `exporters: debug:`. */
export function withDebug(inner: string): string {
  return `receivers: { command: { command: w } }
exporters:
  debug:
${inner.replace(/^/gm, '    ')}
service: { pipelines: { logs: { receivers: [command], exporters: [debug] } } }
`;
}
