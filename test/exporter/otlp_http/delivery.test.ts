import { describe, expect, it } from 'vitest';
import { RefusedError } from '../../../src/component/errors.ts';
import { encodeLogsResponse, encodeLogsResponseJson, encodeStatus } from '../../../src/otlp/response.ts';
import { accept, answer, Backend, type Behaviour, breakConnection, hang } from './backend.ts';
import { logs, start } from './harness.ts';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const texts = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`);

/** Refuses every request that holds one of the texts, as a backend does that takes a batch whole or not at all. */
function refuse(status: number, ...bad: string[]): Behaviour {
  return (response, request) => {
    if (request.texts.some((text) => bad.includes(text as string)))
      answer(status, `cannot take ${bad}`)(response, request);
    else accept(response, request);
  };
}

describe('otlp_http delivers', () => {
  it('protobuf, compressed, to v1/logs below the endpoint', async () => {
    const backend = await Backend.start();
    const { consume, delivered, counted, store } = await start({
      endpoint: `${backend.endpoint}/otlp/`,
      headers: { 'X-Scope-OrgID': 'tenant' },
    });
    await consume(
      logs(['one', 'two'], {
        traceId: '0102030405060708090a0b0c0d0e0f10',
        spanId: '0102030405060708',
        eventName: 'hids.alert',
        severityNumber: 13,
        attributes: new Map([['big', 2n ** 60n + 1n]]),
      }),
    );
    await delivered();
    const [request] = backend.accepted;
    expect(request.path).toBe('/otlp/v1/logs');
    expect(request.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'x-scope-orgid': 'tenant',
      'user-agent': 'otel-hids',
    });
    expect(request.texts).toEqual(['one', 'two']);
    expect(request.records[0]).toMatchObject({
      traceId: '0102030405060708090a0b0c0d0e0f10',
      spanId: '0102030405060708',
      eventName: 'hids.alert',
      severityNumber: 13,
      attributes: new Map([['big', 2n ** 60n + 1n]]),
    });
    expect(request.batch.logs[0].resource.attributes).toEqual(new Map([['service.instance.id', 'web01']]));
    expect(await counted('otelcol_exporter_sent_log_records')).toBe(2);
    expect(store.queueSize('otlp_http')).toEqual({ items: 0, bytes: 0 });
  });

  it('JSON, not compressed, where the configuration says so', async () => {
    const backend = await Backend.start([
      answer(200, encodeLogsResponseJson({ rejectedLogRecords: 0, errorMessage: '' }), {
        'content-type': 'application/json',
      }),
    ]);
    const { consume, delivered } = await start({
      logs_endpoint: `${backend.endpoint}/custom?x=1`,
      encoding: 'json',
      compression: 'none',
    });
    await consume(logs(['one']));
    await delivered();
    expect(backend.accepted[0].path).toBe('/custom?x=1');
    expect(JSON.parse(backend.accepted[0].body.toString()).resourceLogs).toHaveLength(1);
    expect(backend.accepted[0].headers['content-encoding']).toBeUndefined();
  });

  it('what waits, joined up to the limits, in order, over one connection', async () => {
    const backend = await Backend.start([answer(503)]);
    const { consume, delivered } = await start({ endpoint: backend.endpoint, request: { max_records: 4 } });
    for (const text of texts(9)) await consume(logs([text]));
    await delivered(1000);
    expect(backend.acceptedTexts).toEqual(texts(9));
    expect(Math.max(...backend.accepted.map((request) => request.texts.length))).toBe(4);
    expect(backend.accepted.length).toBeLessThanOrEqual(4);
    expect(backend.connections).toBe(1);
  });

  it('a large batch in requests within the limits', async () => {
    const backend = await Backend.start();
    const { consume, delivered } = await start({
      endpoint: backend.endpoint,
      compression: 'none',
      request: { max_bytes: 2048 },
    });
    const long = texts(40).map((text) => text.padEnd(100, '.'));
    await consume(logs([...long, 'x'.repeat(5000)]));
    await delivered();
    expect(backend.acceptedTexts).toEqual([...long, 'x'.repeat(5000)]);
    for (const { body, texts } of backend.accepted) if (texts.length > 1) expect(body.length).toBeLessThanOrEqual(2048);
  });

  it('several requests at once with several consumers', async () => {
    const backend = await Backend.start([hang, hang, hang]);
    const { consume, settings } = await start({
      endpoint: backend.endpoint,
      timeout: '10s',
      request: { max_records: 1 },
      sending_queue: { num_consumers: 3 },
    });
    await consume(logs(['a', 'b', 'c', 'd']));
    await backend.waitForRequests(3);
    expect(backend.received.flatMap((request) => request.texts).sort()).toEqual(['a', 'b', 'c']);
    expect(settings.clock.pending).toBe(3);
  });

  it('again at once on a connection that the server closed while it was idle', async () => {
    const backend = await Backend.start();
    const { consume, delivered, counted } = await start({ endpoint: backend.endpoint });
    await consume(logs(['a']));
    await delivered();
    // The server's end of the connection dies exactly when the next request arrives on it.
    backend.script.push(breakConnection);
    await consume(logs(['b']));
    await delivered();
    expect(backend.acceptedTexts).toEqual(['a', 'b']);
    expect(await counted('hids_exporter_failed_attempts')).toBe(0);
  });
});

describe('otlp_http tries again', () => {
  it.each<[string, Behaviour, number]>([
    ['429 with seconds', answer(429, '', { 'retry-after': '120' }), 120_000],
    ['503 with a date', answer(503, '', { 'retry-after': 'Thu, 01 Jan 2026 00:05:00 GMT' }), 300_000],
    ['502', answer(502), 5000],
    ['504', answer(504), 5000],
    ['408', answer(408), 5000],
    ['a broken connection', breakConnection, 5000],
    ['500', answer(500), 5000],
  ])('%s', async (_name, behaviour, wait) => {
    const backend = await Backend.start([behaviour]);
    const { consume, settings, until, delivered, host, deadLetters, counted } = await start({
      endpoint: backend.endpoint,
      retry_on_failure: { randomization_factor: 0 },
    });
    await consume(logs(['a']));
    await until(() => host.statuses.get('otlp_http')?.state === 'recoverable_error');
    await until(() => settings.clock.nextDelay === wait);
    await settings.clock.advance(wait - 1);
    expect(backend.received).toHaveLength(1);
    await settings.clock.advance(1);
    await delivered();
    expect(backend.acceptedTexts).toEqual(['a']);
    expect(host.statuses.get('otlp_http')).toEqual({ state: 'ok' });
    expect(deadLetters()).toEqual([]);
    expect(await counted('hids_exporter_failed_attempts')).toBe(1);
  });

  it.each<[string, Behaviour]>([
    ['hangs', hang],
    ['never ends its answer', (response) => void response.writeHead(200, PROTOBUF).write('x')],
  ])('where the server %s, after the timeout', async (_name, behaviour) => {
    const backend = await Backend.start([behaviour]);
    const { consume, settings, until, delivered, host } = await start({
      endpoint: backend.endpoint,
      timeout: '7s',
      retry_on_failure: { randomization_factor: 0 },
    });
    await consume(logs(['a']));
    await backend.waitForRequests(1);
    await settings.clock.advance(7000);
    await until(() => host.statuses.get('otlp_http')?.reason === 'ETIMEDOUT: no answer within 7000 ms');
    await until(() => settings.clock.nextDelay === 5000);
    await settings.clock.advance(5000);
    await delivered();
    expect(backend.acceptedTexts).toEqual(['a']);
    expect(backend.received).toHaveLength(2);
  });

  it('with growing waits, for ever, in order, and says so once', async () => {
    const backend = await Backend.start();
    backend.otherwise = answer(503, 'starting');
    const { consume, settings, until, delivered } = await start({
      endpoint: backend.endpoint,
      retry_on_failure: { randomization_factor: 0, initial_interval: '1s', max_interval: '4s', multiplier: 2 },
    });
    await consume(logs(['a']));
    await consume(logs(['b']));
    const waits: number[] = [];
    for (let attempt = 0; attempt < 50; attempt++) {
      await until(() => settings.clock.nextDelay !== undefined && settings.clock.nextDelay <= 4000);
      waits.push(settings.clock.nextDelay!);
      await settings.clock.advance(waits.at(-1)!);
      await backend.waitForRequests(attempt + 2);
    }
    expect(waits.slice(0, 5)).toEqual([1000, 2000, 4000, 4000, 4000]);
    expect(settings.logger.entries.filter((entry) => entry.level === 'warn')).toHaveLength(1);
    backend.otherwise = accept;
    await delivered(1000);
    expect(backend.acceptedTexts).toEqual(['a', 'b']);
  });

  it.each([
    ['gives up after max_elapsed_time', { max_elapsed_time: '60s' }],
    ['makes one attempt where retrying is off', { enabled: false }],
  ])('%s, and keeps the request in the dead-letter file', async (_name, retry) => {
    const backend = await Backend.start();
    backend.otherwise = answer(503, 'down for maintenance');
    const { consume, delivered, deadLetters, counted } = await start({
      endpoint: backend.endpoint,
      retry_on_failure: retry,
    });
    await consume(logs(['a', 'b']));
    await delivered(1000);
    expect(deadLetters()).toMatchObject([
      { kind: 'expired', reason: '503: down for maintenance', records: 2, rejected: 2 },
    ]);
    expect(await counted('otelcol_exporter_send_failed_log_records')).toBe(2);
  });

  it('smaller requests, where 429 never ends for a large one', async () => {
    const backend = await Backend.start();
    backend.otherwise = (response, request) => (request.texts.length > 2 ? answer(429) : accept)(response, request);
    const { consume, delivered, deadLetters } = await start({ endpoint: backend.endpoint });
    await consume(logs(texts(7)));
    await delivered(10_000);
    expect(backend.acceptedTexts).toEqual(texts(7));
    expect(deadLetters()).toEqual([]);
  });
});

describe('otlp_http parts what is refused', () => {
  it.each([400, 422])(
    '%i: the bad record alone goes to the dead-letter file, all others arrive in order',
    async (status) => {
      const backend = await Backend.start();
      backend.otherwise = refuse(status, 't3', 't11');
      const { consume, delivered, deadLetters, counted, settings } = await start({ endpoint: backend.endpoint });
      await consume(logs(texts(16)));
      await consume(logs(['after']));
      await delivered();
      expect(backend.acceptedTexts).toEqual([...texts(16).filter((text) => text !== 't3' && text !== 't11'), 'after']);
      expect(deadLetters()).toMatchObject([
        { exporter: 'otlp_http', kind: 'refused', reason: `${status}: cannot take t3,t11`, records: 1, rejected: 1 },
        { kind: 'refused', records: 1 },
      ]);
      expect(JSON.stringify(deadLetters()[0].resourceLogs)).toContain('"t3"');
      expect(await counted('otelcol_exporter_sent_log_records')).toBe(15);
      expect(await counted('otelcol_exporter_send_failed_log_records')).toBe(2);
      expect(await counted('hids_exporter_dead_letter_log_records')).toBe(2);
      expect(settings.clock.pending).toBe(0);
    },
  );

  it('413: halves, and later requests are smaller from the start', async () => {
    const backend = await Backend.start();
    backend.otherwise = (response, request) =>
      (request.body.length > 150_000 ? answer(413) : accept)(response, request);
    const { consume, delivered, deadLetters, host, deadLetterPath } = await start({
      endpoint: backend.endpoint,
      compression: 'none',
    });
    const long = texts(16).map((text) => text.padEnd(20_000, '.'));
    await consume(logs([...long, 'z'.repeat(200_000)]));
    await delivered();
    expect(backend.acceptedTexts).toEqual(long);
    expect(deadLetters()).toMatchObject([{ kind: 'too_large', reason: '413', records: 1 }]);
    expect(host.healthEvents).toEqual([
      {
        name: 'dead letter',
        subject: 'otlp_http',
        totals: { count: 1 },
        fields: { kind: 'too_large', reason: '413', file: deadLetterPath },
      },
    ]);
    const before = backend.received.length;
    for (const text of long) await consume(logs([text]));
    await delivered();
    const refused = backend.received.slice(before).filter((request) => request.body.length > 150_000);
    expect(refused).toEqual([]);
    expect(backend.acceptedTexts).toEqual([...long, ...long]);
  });

  it('500 again and again for one record', async () => {
    const backend = await Backend.start();
    backend.otherwise = refuse(500, 't1');
    const { consume, delivered, deadLetters } = await start({ endpoint: backend.endpoint });
    await consume(logs(texts(4)));
    await delivered(5000);
    expect(backend.acceptedTexts).toEqual(['t0', 't2', 't3']);
    expect(deadLetters()).toMatchObject([{ kind: 'refused', reason: '500: cannot take t1' }]);
  });

  it('403 for the content of one record, as a firewall gives it to an alert that quotes an attack', async () => {
    const backend = await Backend.start();
    backend.otherwise = refuse(403, 't2');
    const { consume, delivered, deadLetters, host } = await start({ endpoint: backend.endpoint });
    await consume(logs(texts(4)));
    await delivered();
    expect(backend.acceptedTexts.filter((text) => text !== '')).toEqual(['t0', 't1', 't3']);
    expect(deadLetters()).toMatchObject([{ kind: 'refused', reason: '403: cannot take t2', records: 1 }]);
    expect(host.statuses.get('otlp_http')?.state).toBe('ok');
  });

  it('keeps what was taken in part as a whole, and does not send it again', async () => {
    const partial = encodeLogsResponse({ rejectedLogRecords: 2, errorMessage: 'two are bad' });
    const backend = await Backend.start([answer(200, partial, PROTOBUF)]);
    const { consume, delivered, deadLetters, counted } = await start({ endpoint: backend.endpoint });
    await consume(logs(texts(5)));
    await delivered();
    expect(backend.received).toHaveLength(1);
    expect(deadLetters()).toMatchObject([{ kind: 'partial', reason: 'two are bad', records: 5, rejected: 2 }]);
    expect(await counted('otelcol_exporter_sent_log_records')).toBe(3);
    expect(await counted('otelcol_exporter_send_failed_log_records')).toBe(2);
  });

  it('takes a warning as success', async () => {
    const warning = encodeLogsResponse({ rejectedLogRecords: 0, errorMessage: 'deprecated' });
    const backend = await Backend.start([answer(200, warning, PROTOBUF)]);
    const { consume, delivered, deadLetters, counted, settings } = await start({ endpoint: backend.endpoint });
    await consume(logs(['a']));
    await delivered();
    expect(deadLetters()).toEqual([]);
    expect(await counted('hids_exporter_warnings')).toBe(1);
    expect(settings.logger.entries).toMatchObject([{ level: 'warn', fields: { message: 'deprecated' } }]);
  });

  it('reads the reason from a status of any content type, and lets it act on no terminal', async () => {
    const status = encodeStatus({ code: 3, message: 'bad \x1b[31mlabel\n' });
    const backend = await Backend.start([answer(400, status, { 'content-type': 'application/octet-stream' })]);
    const { consume, delivered, deadLetters } = await start({ endpoint: backend.endpoint });
    await consume(logs(['a']));
    await delivered();
    expect(deadLetters()[0].reason).toBe('400: bad \\x1b[31mlabel');
  });
});

describe('otlp_http waits for someone to change a configuration', () => {
  it.each<[string, Behaviour]>([
    ['401', answer(401, 'no token')],
    ['403 for everything', answer(403)],
    ['404', answer(404)],
    ['a redirect', answer(301, '', { location: '/elsewhere' })],
    ['a web page', answer(200, '<html>', { 'content-type': 'text/html' })],
    ['an https port', answer(400, 'The plain HTTP request was sent to HTTPS port')],
  ])('%s', async (_name, behaviour) => {
    const backend = await Backend.start();
    backend.otherwise = behaviour;
    const { consume, until, delivered, host, deadLetters, settings } = await start({
      endpoint: backend.endpoint,
      retry_on_failure: { max_elapsed_time: '1s' },
    });
    await consume(logs(['a']));
    await until(() => host.statuses.get('otlp_http')?.state === 'permanent_error');
    await until(() => settings.clock.nextDelay === 60_000);
    await settings.clock.advance(600_000);
    expect(settings.logger.entries.filter((entry) => entry.level === 'error')).toHaveLength(1);
    backend.otherwise = accept;
    await delivered(60_000);
    expect(backend.acceptedTexts.filter((text) => text === 'a').length).toBeGreaterThan(0);
    expect(deadLetters()).toEqual([]);
    expect(host.statuses.get('otlp_http')).toEqual({ state: 'ok' });
  });
});

describe('otlp_http without a queue', () => {
  it('accepts when the other side has taken it', async () => {
    const backend = await Backend.start([answer(503)]);
    const { consume, until, store } = await start({ endpoint: backend.endpoint, sending_queue: { enabled: false } });
    let accepted = false;
    const consumed = consume(logs(['a'])).then(() => {
      accepted = true;
    });
    await backend.waitForRequests(1);
    expect(accepted).toBe(false);
    await until(() => accepted, 1000);
    await consumed;
    expect(backend.acceptedTexts).toEqual(['a']);
    expect(store.queueSize('otlp_http').items).toBe(0);
  });

  it('refuses what it could not deliver before the end', async () => {
    const backend = await Backend.start();
    backend.otherwise = answer(503);
    const { consume, until, exporter, host } = await start({
      endpoint: backend.endpoint,
      sending_queue: { enabled: false },
    });
    const consumed = expect(consume(logs(['a']))).rejects.toBeInstanceOf(RefusedError);
    await until(() => host.statuses.get('otlp_http')?.state === 'recoverable_error');
    await exporter.shutdown();
    await consumed;
  });
});
