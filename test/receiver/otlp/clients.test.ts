import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { SeverityNumber } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { expect, test } from 'vitest';
import type { LogRecord } from '../../../src/pdata/logs.ts';
import { otlpReceiverFactory } from '../../../src/receiver/otlp/factory.ts';
import { OtlpReceiver } from '../../../src/receiver/otlp/receiver.ts';
import { describeComponentContract } from '../../contract/component.ts';
import { describeReceiverContract, type ReceiverSource } from '../../contract/receiver.ts';
import { httpOnly, parseConfig, post, protobufRequest, startReceiver } from './setup.ts';

test('the SDK of OpenTelemetry sends what arrives', async () => {
  const running = await startReceiver(httpOnly());
  const url = `http://127.0.0.1:${running.receiver.ports.http}/v1/logs`;
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'host.name': 'web01' }),
    processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter({ url }) })],
  });
  const attributes = { text: 'a', whole: 7, part: 1.5, yes: true, list: ['b', 2], map: { inner: 'c' } };
  provider.getLogger('app', '1.2').emit({
    body: 'from the SDK',
    severityNumber: SeverityNumber.WARN,
    severityText: 'warn',
    eventName: 'app.started',
    timestamp: new Date('2026-01-02T03:04:05.678Z'),
    attributes,
  });
  await provider.shutdown();
  const [group] = running.intake.batches[0].logs;
  expect(group.resource.attributes.get('host.name')).toBe('web01');
  expect(group.scope).toMatchObject({ name: 'app', version: '1.2' });
  expect(group.records).toEqual([
    expect.objectContaining({
      body: 'from the SDK',
      severityNumber: 13,
      severityText: 'warn',
      eventName: 'app.started',
      timeUnixNano: BigInt(Date.parse('2026-01-02T03:04:05.678Z')) * 1_000_000n,
      attributes: new Map<string, unknown>([
        ['text', 'a'],
        ['whole', 7],
        ['part', 1.5],
        ['yes', true],
        ['list', ['b', 2]],
        ['map', new Map([['inner', 'c']])],
      ]),
    }),
  ]);
});

describeComponentContract('otlp', (settings) => ({
  component: otlpReceiverFactory.create(settings, parseConfig(), { consume: async () => {} }),
}));

const idOf = (record: LogRecord) => String(record.body);

function httpSource(): ReceiverSource {
  let receiver: OtlpReceiver;
  return {
    create: (settings, next) => {
      receiver = new OtlpReceiver(settings, parseConfig(), next);
      return receiver;
    },
    send: async (ids) => {
      const reply = await post({ receiver }, { body: protobufRequest(ids) }).catch(() => ({ status: 0 }));
      if (reply.status === 200) return 'acknowledged';
      return reply.status === 400 ? 'dropped' : 'rejected';
    },
    idOf,
  };
}

function grpcSource(): ReceiverSource {
  let receiver: OtlpReceiver;
  const clients: Client[] = [];
  return {
    create: (settings, next) => {
      receiver = new OtlpReceiver(settings, parseConfig(), next);
      return receiver;
    },
    send: (ids) => {
      const client = new Client(`127.0.0.1:${receiver.ports.grpc}`, credentials.createInsecure());
      clients.push(client);
      const bytes = (buffer: Buffer) => buffer;
      const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
      return new Promise((resolve) => {
        const done = (error: ServiceError | null) => {
          if (!error) resolve('acknowledged');
          else resolve(error.code === status.INVALID_ARGUMENT ? 'dropped' : 'rejected');
        };
        client.makeUnaryRequest(path, bytes, bytes, Buffer.from(protobufRequest(ids)), new Metadata(), done);
      });
    },
    idOf,
    cleanup: () => {
      for (const client of clients) client.close();
    },
  };
}

describeReceiverContract('otlp over HTTP', httpSource, { restart: true });
describeReceiverContract('otlp over gRPC', grpcSource, { restart: true });
