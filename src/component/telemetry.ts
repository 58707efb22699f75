import type { Attributes, Counter, Histogram, Meter, MetricOptions } from '@opentelemetry/api';

/**
 * The Collector's own metric names, so that its dashboards fit us. Every component counts through these;
 * the unit is `{record}` and the attribute `receiver`, `processor` or `exporter` carries the component id.
 */
const RECORDS: MetricOptions = { unit: '{record}' };

/** Histograms of durations: the SDK's own limits are meant for milliseconds, and would put every one into one bucket. */
export const SECONDS: MetricOptions = {
  unit: 's',
  advice: {
    explicitBucketBoundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
};

export interface ReceiverTelemetry {
  accepted(records: number): void;
  refused(records: number): void;
  failed(records: number): void;
}

export function createReceiverTelemetry(meter: Meter, id: string): ReceiverTelemetry {
  const attributes = { receiver: id };
  return {
    accepted: adder(meter.createCounter('otelcol_receiver_accepted_log_records', RECORDS), attributes),
    refused: adder(meter.createCounter('otelcol_receiver_refused_log_records', RECORDS), attributes),
    failed: adder(meter.createCounter('otelcol_receiver_failed_log_records', RECORDS), attributes),
  };
}

export interface ProcessorTelemetry {
  incoming(records: number): void;
  outgoing(records: number): void;
  duration: Histogram;
}

export function createProcessorTelemetry(meter: Meter, id: string): ProcessorTelemetry {
  const attributes = { processor: id };
  return {
    incoming: adder(meter.createCounter('otelcol_processor_incoming_items', RECORDS), attributes),
    outgoing: adder(meter.createCounter('otelcol_processor_outgoing_items', RECORDS), attributes),
    duration: meter.createHistogram('otelcol_processor_internal_duration', SECONDS),
  };
}

export interface ExporterTelemetry {
  sent(records: number): void;
  sendFailed(records: number): void;
  enqueueFailed(records: number): void;
}

export function createExporterTelemetry(meter: Meter, id: string): ExporterTelemetry {
  const attributes = { exporter: id };
  return {
    sent: adder(meter.createCounter('otelcol_exporter_sent_log_records', RECORDS), attributes),
    sendFailed: adder(meter.createCounter('otelcol_exporter_send_failed_log_records', RECORDS), attributes),
    enqueueFailed: adder(meter.createCounter('otelcol_exporter_enqueue_failed_log_records', RECORDS), attributes),
  };
}

function adder(counter: Counter, attributes: Attributes): (records: number) => void {
  return (records) => {
    if (records > 0) counter.add(records, attributes);
  };
}
