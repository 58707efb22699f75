import type { HealthEvent } from '../component/health-event.ts';
import type { Logger } from '../component/host.ts';
import type { StateStore } from '../component/state-store.ts';

const NAMESPACE = 'pipelines';
const KEY = 'configuration';
/** Parts that an event names; the rest is a number. */
const MAX_NAMED = 10;

export interface ConfigurationWatch {
  store: StateStore;
  /** Digests by the path of what was configured (`receivers.otlp`). */
  parts: ReadonlyMap<string, string>;
  /** What it was read from. */
  files: readonly string[];
  logger: Logger;
  report(event: HealthEvent): void;
}

/** Tells the rules when the configuration is another one than at the last start: what is looked at, and where alerts go. */
export async function tellOfConfiguration({ store, parts, files, logger, report }: ConfigurationWatch): Promise<void> {
  const before = parse(store.get(NAMESPACE, KEY));
  const changed =
    before && [...new Set([...parts.keys(), ...before.keys()])].filter((p) => parts.get(p) !== before.get(p));
  if (changed?.length === 0) return;
  if (changed) {
    const named = changed.slice(0, MAX_NAMED).join(' ');
    logger.warn(
      { files, changed: named, parts: changed.length },
      'the configuration is another one than at the last start',
    );
    report({
      name: 'configuration changed',
      subject: files.join(' '),
      fields: { parts: changed.length, changed: named },
    });
  }
  const value = Buffer.from(JSON.stringify([...parts]));
  await store.commit([{ op: 'put', namespace: NAMESPACE, key: KEY, value }]).catch((error: unknown) => {
    // It is told once more at the next start.
    logger.warn({ error: String(error) }, 'the digest of the configuration cannot be stored');
  });
}

function parse(value: Uint8Array | undefined): Map<string, string> | undefined {
  if (!value) return undefined;
  try {
    return new Map(JSON.parse(Buffer.from(value).toString()) as [string, string][]);
  } catch {
    return undefined;
  }
}
