import { stringify } from 'yaml';
import { REDACTED, redactUrl } from '../pdata/redact.ts';
import { type ConfigNode, toValue } from './node.ts';

/** Parts of a key are enough, so that a misspelt one (`passwort`) gives nothing away either; `inline` holds users with hashes. */
const SECRET_KEY =
  /passw|passphrase|secret|token|credential|authorization|api[-_.]?key|cookie|private[-_.]?key|^inline$/i;
/** Maps whose values are whatever the user puts there. */
const SECRET_MAPS = new Set(['headers', 'env']);
const NO_SECRET_KEY = /_(file|path|name|id)$|^authenticator$/i;

/** The configuration as YAML, with everything that may be a secret replaced. */
export function printConfig(node: ConfigNode): string {
  return stringify(toValue(redact(node, false, 0)), { lineWidth: 0 });
}

/** `depth`: keys above; the first two are a section and a component's id (`bearertokenauth`), which name no secret. */
function redact(node: ConfigNode, secret: boolean, depth: number): ConfigNode {
  if (node.kind === 'sequence') return { ...node, items: node.items.map((item) => redact(item, secret, depth)) };
  if (node.kind === 'map') {
    const entries = new Map(
      [...node.entries].map(([key, entry]) => {
        const named = depth >= 2 && (SECRET_MAPS.has(key) || (SECRET_KEY.test(key) && !NO_SECRET_KEY.test(key)));
        return [key, { ...entry, value: redact(entry.value, secret || named, depth + 1) }];
      }),
    );
    return { ...node, entries };
  }
  if (node.value === null || node.value === '') return node;
  if (secret) return { ...node, value: REDACTED };
  return typeof node.value === 'string' ? { ...node, value: redactUrl(node.value) } : node;
}
