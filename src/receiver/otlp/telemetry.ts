import type { Meter } from '@opentelemetry/api';
import { createReceiverTelemetry, type ReceiverTelemetry } from '../../component/telemetry.ts';
import type { InFlight } from './in-flight.ts';

export interface OtlpTelemetry extends ReceiverTelemetry {
  /** A request that was answered with an error. `reason` is one of a fixed set of words. */
  requestFailed(transport: string, reason: string): void;
  /** A request that had been taken before. */
  requestResent(): void;
  /** Records of new requests that had been taken before, by `log.record.uid`. */
  recordsResent(records: number): void;
  /**
   * Records left out because they exceed a limit, or because the sender may not speak for their host; the sender was
   * told (partial success).
   */
  recordsRejected(records: number, reason: 'limit' | 'host'): void;
}

export function createOtlpTelemetry(meter: Meter, id: string, inFlight: InFlight): OtlpTelemetry {
  const receiver = { receiver: id };
  const failed = meter.createCounter('hids_otlp_failed_requests', { unit: '{request}' });
  const resentRequests = meter.createCounter('hids_otlp_resent_requests', { unit: '{request}' });
  const resentRecords = meter.createCounter('hids_otlp_resent_log_records', { unit: '{record}' });
  const rejectedRecords = meter.createCounter('hids_otlp_rejected_log_records', { unit: '{record}' });
  meter
    .createObservableGauge('hids_otlp_in_flight_requests', { unit: '{request}' })
    .addCallback((result) => result.observe(inFlight.requests, receiver));
  meter
    .createObservableGauge('hids_otlp_in_flight_bytes', { unit: 'By' })
    .addCallback((result) => result.observe(inFlight.bytes, receiver));
  return {
    ...createReceiverTelemetry(meter, id),
    requestFailed: (transport, reason) => failed.add(1, { ...receiver, transport, reason }),
    requestResent: () => resentRequests.add(1, receiver),
    recordsResent: (records) => {
      if (records > 0) resentRecords.add(records, receiver);
    },
    recordsRejected: (records, reason) => {
      if (records > 0) rejectedRecords.add(records, { ...receiver, reason });
    },
  };
}
