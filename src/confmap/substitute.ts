/** What a text with `${...}` in it becomes, or why it cannot. */
export interface Substitution {
  readonly text: string;
  /** False where the text held no reference: its type stays what YAML said. */
  readonly changed: boolean;
  /** Variables that are not set and have no default. */
  readonly missing: readonly string[];
  readonly error?: string;
}

const REFERENCE = /^(?:([A-Za-z][A-Za-z0-9+.-]*):(?!-))?([^:}]*)(?::-([\s\S]*))?$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Replaces `${NAME}` and `${env:NAME}`, with an optional `:-default` for a variable that is unset or empty; `$$` is a
 * dollar sign. What was put in is not looked at again, so a value cannot refer to others. A dollar sign before anything
 * else stays (`awk '{print $1}'`).
 */
export function substitute(text: string, env: Readonly<Record<string, string | undefined>>): Substitution {
  if (!text.includes('$')) return { text, changed: false, missing: [] };
  const missing: string[] = [];
  let result = '';
  let changed = false;
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) break;
    result += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === '$') {
      result += '$';
      changed = true;
      at = dollar + 2;
    } else if (next === '{') {
      const end = text.indexOf('}', dollar);
      if (end < 0) return fail(text, `\${ without } in "${excerpt(text.slice(dollar))}"`);
      const reference = text.slice(dollar + 2, end);
      const value = lookUp(reference, env, missing);
      if (value === undefined)
        return fail(text, `\${${excerpt(reference)}} is no reference; write \${env:NAME} or \${env:NAME:-default}`);
      result += value;
      changed = true;
      at = end + 1;
    } else {
      result += '$';
      at = dollar + 1;
    }
  }
  return { text: result + text.slice(at), changed, missing };
}

function lookUp(
  reference: string,
  env: Readonly<Record<string, string | undefined>>,
  missing: string[],
): string | undefined {
  const [, scheme = 'env', name = '', fallback] = REFERENCE.exec(reference) ?? [];
  if (scheme !== 'env' || !NAME.test(name)) return undefined;
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
  if (value === undefined) missing.push(name);
  return value ?? '';
}

function fail(text: string, error: string): Substitution {
  return { text, changed: false, missing: [], error };
}

function excerpt(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

/** The value of an unquoted YAML scalar (core schema), for texts that only came about by substitution. */
export function resolvePlain(text: string): string | number | boolean | null {
  const trimmed = text.trim();
  if (/^(~|null|Null|NULL|)$/.test(trimmed)) return null;
  if (/^(true|True|TRUE)$/.test(trimmed)) return true;
  if (/^(false|False|FALSE)$/.test(trimmed)) return false;
  if (/^[-+]?[0-9]+$/.test(trimmed) || /^0x[0-9a-fA-F]+$/.test(trimmed) || /^0o[0-7]+$/.test(trimmed)) {
    const value = Number(trimmed);
    // A number that JavaScript cannot hold exactly (an id, a token of digits) stays the text that it is.
    return Number.isSafeInteger(value) ? value : text;
  }
  if (/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(trimmed)) return Number(trimmed);
  return text;
}
