import { once } from 'node:events';
import { type IncomingMessage, request as sendHttp } from 'node:http';
import { connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HealthCheckExtension } from '../../src/extension/health_check/extension.ts';
import { healthCheckFactory } from '../../src/extension/health_check/factory.ts';
import { describeComponentContract } from '../contract/component.ts';
import { createTestHost, createTestSettings, type TestHost } from '../support/settings.ts';

const parse = (config: object = {}) => healthCheckFactory.schema.parse({ endpoint: '127.0.0.1:0', ...config });

async function start(config: object = {}) {
  const settings = createTestSettings({ id: 'health_check' });
  const host: TestHost = createTestHost();
  const extension = healthCheckFactory.create(settings, parse(config)) as HealthCheckExtension;
  await extension.start(host);
  onTestFinished(() => extension.shutdown());
  return { settings, host, extension, get: (path: string, method?: string) => get(extension.port!, path, method) };
}

async function get(
  port: number,
  path: string,
  method = 'GET',
): Promise<{ status: number; body: Record<string, unknown> }> {
  const request = sendHttp({ host: '127.0.0.1', port, path, method, agent: false }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode ?? 0, body: text === '' ? {} : JSON.parse(text) };
}

describe('health_check', () => {
  it('tells live from ready', async () => {
    const { get, host, settings } = await start();
    host.statuses.set('receiver:otlp', { state: 'starting' });
    await settings.clock.advance(3000);
    expect(await get('/')).toEqual({
      status: 200,
      body: { status: 'live', upSince: '2026-01-01T00:00:00.000Z', uptimeSeconds: 3 },
    });
    expect(await get('/ready')).toMatchObject({
      status: 503,
      body: { status: 'not ready', reasons: { 'receiver:otlp': { state: 'starting' } } },
    });
    host.statuses.set('receiver:otlp', { state: 'ok' });
    expect(await get('/ready?x=1')).toEqual({
      status: 200,
      body: { status: 'ready', state: 'ok', components: { 'receiver:otlp': { state: 'ok' } } },
    });
    expect(await get('/ready', 'HEAD')).toEqual({ status: 200, body: {} });
  });

  it.each([
    ['permanent_error', {}, [503, 503]],
    ['permanent_error', { include_permanent_errors: false }, [200, 200]],
    ['recoverable_error', {}, [200, 503]],
    ['recoverable_error', { recovery_duration: '0s' }, [503, 503]],
    ['recoverable_error', { include_recoverable_errors: false }, [200, 200]],
    ['stopped', {}, [503, 503]],
  ] as const)('%s with %j: at once and after a minute %j', async (state, component_health, expected) => {
    const { get, host, settings } = await start({ component_health });
    host.statuses.set('exporter:otlp_http', { state, reason: 'why' });
    const answers = [(await get('/ready')).status];
    await settings.clock.advance(65_000);
    answers.push((await get('/ready')).status);
    expect(answers).toEqual(expected);
  });

  it('counts an error from when it began, also if nobody asked', async () => {
    const { get, host, settings } = await start();
    host.statuses.set('exporter:otlp_http', { state: 'recoverable_error', reason: 'down' });
    await settings.clock.advance(70_000);
    expect((await get('/ready')).status).toBe(503);
    host.statuses.set('exporter:otlp_http', { state: 'ok' });
    await settings.clock.advance(10_000);
    host.statuses.set('exporter:otlp_http', { state: 'recoverable_error', reason: 'down again' });
    expect((await get('/ready')).status).toBe(200);
  });

  it('shows reasons without passwords, and none of it beyond loopback', async () => {
    const status = { state: 'permanent_error' as const, reason: 'redis://me:hunter2@h \x1b[2J "quoted"' };
    const shown = await start();
    shown.host.statuses.set('extension:keyv_storage', status);
    expect((await shown.get('/ready')).body.reasons).toEqual({
      'extension:keyv_storage': { ...status, reason: 'redis://me:[REDACTED]@h \x1b[2J "quoted"' },
    });
    const hidden = await start({ endpoint: '0.0.0.0:0' });
    hidden.host.statuses.set('extension:keyv_storage', status);
    expect(await hidden.get('/ready')).toEqual({
      status: 503,
      body: { status: 'not ready', state: 'ok' },
    });
  });

  it('serves nothing else', async () => {
    const { get } = await start({ path: '/live', ready_path: '/health/ready' });
    expect((await get('/live')).status).toBe(200);
    expect((await get('/health/ready')).status).toBe(200);
    expect((await get('/')).status).toBe(404);
    expect((await get('/../etc/passwd')).status).toBe(404);
    expect((await get('/live', 'POST')).status).toBe(405);
  });

  it('survives what is no HTTP, endless headers and a client that hangs up', async () => {
    const { get, extension } = await start();
    for (const text of ['\x00\x01\x02\r\n\r\n', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 'GET / HT']) {
      const socket = connect(extension.port!, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.end(text);
      socket.resume();
      await once(socket, 'close');
    }
    expect((await get('/')).status).toBe(200);
  });

  it('says where it cannot listen', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    await expect(start({ endpoint: `127.0.0.1:${port}` })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
  });

  it.each([[{ path: 'ready' }], [{ endpoint: 'x' }], [{ unknown: 1 }]])('refuses %j', (config) => {
    expect(healthCheckFactory.schema.safeParse(config).success).toBe(false);
  });

  it('refuses two questions with one path', () => {
    expect(healthCheckFactory.validate?.(parse({ path: '/ready' }))).toEqual(['ready_path: must differ from path']);
  });

  it('refuses to answer everybody unless told so in words', () => {
    const problems = (config: object) => healthCheckFactory.validate?.(parse(config));
    expect(problems({ endpoint: '0.0.0.0:13133' })).toEqual([
      expect.stringMatching(/^endpoint: .*allow_unauthenticated/),
    ]);
    expect(problems({ endpoint: '0.0.0.0:13133', allow_unauthenticated: true })).toEqual([]);
    expect(problems({ endpoint: '[::1]:13133' })).toEqual([]);
  });
});

describeComponentContract('health_check', (settings) => ({ component: healthCheckFactory.create(settings, parse()) }));
