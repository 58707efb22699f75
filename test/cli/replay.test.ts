import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { cli } from './helpers.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
});

interface Backend {
  config: string;
  file: string;
  /** Bodies that were accepted, and the authorization they came with. */
  accepted: { body: Buffer; authorization: string | undefined }[];
}

/** A backend that refuses every request which holds the word `poison`. */
async function createBackend(): Promise<Backend> {
  const accepted: Backend['accepted'] = [];
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const isPoison = body.includes('poison');
    if (!isPoison) accepted.push({ body, authorization: request.headers.authorization });
    response.writeHead(isPoison ? 400 : 200, { 'content-type': 'application/x-protobuf' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'otel-hids-replay-'));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const config = join(folder, 'config.yaml');
  writeFileSync(
    config,
    `extensions: { bearertokenauth: { token: t0ken } }
receivers: { command: { command: w } }
exporters: { otlp_http: { endpoint: "http://127.0.0.1:${(server.address() as AddressInfo).port}", auth: { authenticator: bearertokenauth }, tls: { insecure: true } } }
service: { extensions: [bearertokenauth], pipelines: { logs: { receivers: [command], exporters: [otlp_http] } } }
`,
    { mode: 0o600 },
  );
  return { config, file: join(folder, 'letters.jsonl'), accepted };
}

function letter(body: string): string {
  return JSON.stringify({
    reason: 'x',
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: body } }] }] }],
  });
}

it('sends every line again and prints those that are still refused', async () => {
  const { config, file, accepted } = await createBackend();
  const poison = letter('poison');
  writeFileSync(file, `${letter('first')}\n${poison}\nno json\n${letter('second')}\n`);
  const result = await cli(['replay', file, '--config', config]);
  expect(result.stdout).toBe(`${poison}\nno json\n`);
  expect(result.code).toBe(1);
  expect(result.stderr).toMatch(/letters\.jsonl:2: .*400/);
  expect(result.stderr).toMatch(/letters\.jsonl:3: not OTLP\/JSON/);
  expect(result.stderr).toContain('4 requests: 2 records delivered, 2 requests undelivered\n');
  expect(accepted.map(({ body }) => /first|second/.exec(body.toString('latin1'))?.[0])).toEqual(['first', 'second']);
  expect(accepted[0].authorization).toBe('Bearer t0ken');
});

it('exits 0 when everything was taken', async () => {
  const { config, file } = await createBackend();
  writeFileSync(file, `${letter('first')}\n`);
  expect(await cli(['replay', file, '--config', config])).toMatchObject({ code: 0, stdout: '' });
});

it.each([
  ['a missing file', [], /ENOENT/],
  ['an exporter that is not there', ['--exporter', 'otlp_http/x'], /there is no otlp_http exporter "otlp_http\/x"/],
  [
    'no exporter',
    ['--set', 'exporters.debug=', '--set', 'service.pipelines.logs.exporters=[debug]', '--exporter', 'x'],
    /there is no otlp_http exporter/,
  ],
])('exits 1 for %s', async (_name, options, expected) => {
  const { config, file } = await createBackend();
  const result = await cli(['replay', file, '--config', config, ...options]);
  expect(result).toMatchObject({ code: 1, stderr: expect.stringMatching(expected) });
});
