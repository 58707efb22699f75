import type { Alert } from '../../pdata/alert.ts';

/** Static fields in the order in which alerts.json writes them. */
const STATIC_FIELDS: readonly string[] = [
  'protocol',
  'action',
  'srcip',
  'srcport',
  'srcuser',
  'dstip',
  'dstport',
  'dstuser',
  'id',
  'status',
  'url',
  'data',
  'extra_data',
  'system_name',
];
const STATIC = new Set(STATIC_FIELDS);

type Field = readonly [name: string, value: string];

/**
 * Parts the fields of an alert: the static ones in the order of alerts.json, empty ones included, and the dynamic ones
 * as decoded, of which the original prints no empty ones. An alert lists the static ones first, and a dynamic field may
 * bear a static name; so the static ones end where another name, or one for the second time, begins.
 */
export function partFields(alert: Alert): { statics: Field[]; dynamics: Field[] } {
  const found = new Map<string, string>();
  for (const [name, value] of alert.data) {
    if (!STATIC.has(name) || found.has(name)) break;
    found.set(name, value);
  }
  const statics = STATIC_FIELDS.filter((name) => found.has(name)).map((name) => [name, found.get(name)!] as const);
  return { statics, dynamics: alert.data.slice(found.size).filter(([, value]) => value !== '') };
}
