import { stringify } from 'yaml';
import { REDACTED, redactUrl } from '../pdata/redact.ts';
import { type ConfigNode, toValue } from './node.ts';

const SECRET_KEY =
  /(^|[-_.])(password|passwd|secret|token|tokens|credentials?|authorization|api_?key|cookie|private_?key|passphrase)($|[-_.])/i;
/** Maps whose values are whatever the user puts there. */
const SECRET_MAPS = new Set(['headers', 'env']);
const NO_SECRET_KEY = /_(file|path|name|id)$|^authenticator$/i;

/** The configuration as YAML, with everything that may be a secret replaced. */
export function printConfig(node: ConfigNode): string {
  return stringify(toValue(redact(node, false)), { lineWidth: 0 });
}

function redact(node: ConfigNode, secret: boolean): ConfigNode {
  if (node.kind === 'sequence') return { ...node, items: node.items.map((item) => redact(item, secret)) };
  if (node.kind === 'map') {
    const entries = new Map(
      [...node.entries].map(([key, entry]) => {
        const inner = secret || SECRET_MAPS.has(key) || (SECRET_KEY.test(key) && !NO_SECRET_KEY.test(key));
        return [key, { ...entry, value: redact(entry.value, inner) }];
      }),
    );
    return { ...node, entries };
  }
  if (node.value === null || node.value === '') return node;
  if (secret) return { ...node, value: REDACTED };
  return typeof node.value === 'string' ? { ...node, value: redactUrl(node.value) } : node;
}
