import { createHash } from 'node:crypto';
import type { ConfigNode, MapNode } from '../confmap/node.ts';
import { printConfig } from '../confmap/redact.ts';

/**
 * A digest of each part of a configuration (`receivers.otlp`, `service.pipelines`), by its path. Secrets are left out, so that
 * nothing that is derived from them is kept: a password that changed is no change here.
 */
export function digestConfig(merged: ConfigNode): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  if (merged.kind !== 'map') return parts;
  for (const [section, { value, place }] of merged.entries) {
    if (value.kind !== 'map') continue;
    for (const [id, entry] of value.entries) {
      const part: MapNode = { kind: 'map', place, entries: new Map([[id, entry]]) };
      const text = printConfig({ kind: 'map', place, entries: new Map([[section, { place, value: part }]]) });
      parts.set(`${section}.${id}`, createHash('sha256').update(text).digest('base64'));
    }
  }
  return parts;
}
