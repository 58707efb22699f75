import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { expect, it } from 'vitest';
import { decodeLogsRequestJson } from '../../../src/otlp/decode-json.ts';
import type { LogBatch } from '../../../src/pdata/logs.ts';
import { RulesetLogRecordProcessor } from '../../../src/processor/ruleset/log-record-processor.ts';

const SPAN = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };

it('sends alerts of a service through the OTLP exporter of its own provider', async () => {
  const received: LogBatch[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push(decodeLogsRequestJson(Buffer.concat(chunks).toString('utf8')));
    response.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`;

  const ruleset = await RulesetLogRecordProcessor.create({ loggerProvider: () => provider });
  const exporter = new OTLPLogExporter({ url });
  const provider = new LoggerProvider({ processors: [ruleset, new BatchLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger('app');
  logger.emit({
    body: 'Dec 10 01:02:02 box sshd[1]: Invalid user bob from 203.0.113.9 port 51514',
    context: trace.setSpanContext(ROOT_CONTEXT, SPAN),
  });
  logger.emit({ body: { nothing: ['to', 'see'] } });
  await provider.shutdown();
  server.close();

  const scopes = received.flatMap(({ logs }) => logs);
  const count = (name: string) => scopes.filter(({ scope }) => scope.name === name).flatMap(({ records }) => records);
  expect(count('app')).toHaveLength(2);
  const [alert, ...others] = count('otel-hids');
  expect(others).toEqual([]);
  expect(alert).toMatchObject({
    eventName: 'hids.alert',
    severityText: 'low',
    traceId: SPAN.traceId,
    spanId: SPAN.spanId,
  });
  expect(alert.attributes.get('security_rule.uuid')).toBe('5710');
  expect(alert.attributes.get('hids.rule.groups')).toEqual([
    'syslog',
    'sshd',
    'authentication_failed',
    'invalid_login',
  ]);
});

it('names everything that is wrong with a ruleset', async () => {
  const options = { config: { rules: ['/nowhere.xml'] }, loggerProvider: () => new LoggerProvider() };
  await expect(RulesetLogRecordProcessor.create(options)).rejects.toThrow('/nowhere.xml does not exist');
});
