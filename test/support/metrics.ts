import type { Attributes, Meter } from '@opentelemetry/api';
import { DataPointType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

class PullReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** A real SDK meter whose values a test can read. */
export class TestMetrics {
  readonly #reader = new PullReader();
  readonly #provider = new MeterProvider({ readers: [this.#reader] });
  readonly meter: Meter = this.#provider.getMeter('test');

  /**
   * Sum over all points of a counter, gauge or (number of values) histogram whose attributes contain the given ones;
   * 0 where nothing was counted yet.
   */
  async value(name: string, attributes: Attributes = {}): Promise<number> {
    let sum = 0;
    for (const point of await this.points(name)) {
      const matches = Object.entries(attributes).every(([key, value]) => point.attributes[key] === value);
      if (matches) sum += point.value;
    }
    return sum;
  }

  async points(name: string): Promise<{ attributes: Attributes; value: number }[]> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    if (errors.length > 0) throw errors[0];
    const found: { attributes: Attributes; value: number }[] = [];
    for (const scope of resourceMetrics.scopeMetrics) {
      for (const metric of scope.metrics) {
        if (metric.descriptor.name !== name) continue;
        const histogram =
          metric.dataPointType === DataPointType.HISTOGRAM ||
          metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM;
        for (const point of metric.dataPoints) {
          const value = histogram ? (point.value as { count: number }).count : (point.value as number);
          found.push({ attributes: point.attributes, value });
        }
      }
    }
    return found;
  }

  /** Names of everything counted so far. */
  async names(): Promise<string[]> {
    const { resourceMetrics } = await this.#reader.collect();
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics.map((metric) => metric.descriptor.name));
  }
}
