import type { JsonNode } from './json-reader.ts';

/** The text cJSON_Print makes of a value: arrays on one line, objects over several with tabs. */
export function printJson(node: JsonNode, depth = 0): string {
  switch (node.kind) {
    case 'string':
      return quoteJson(node.value);
    case 'number':
      return printNumber(node.value);
    case 'array':
      return `[${node.children.map((child) => printJson(child, depth + 1)).join(', ')}]`;
    case 'object': {
      const inner = '\t'.repeat(depth + 1);
      const members = node.children.map(
        (child, index) =>
          `${inner}${quoteJson(child.name ?? '')}:\t${printJson(child, depth + 1)}${
            index + 1 < node.children.length ? ',' : ''
          }\n`,
      );
      return `{\n${members.join('')}${'\t'.repeat(depth)}}`;
    }
    default:
      return node.kind;
  }
}

/** `%i` where the double is a whole number of 32 bits, else `%f`: `1.5` is `1.500000`. */
export function formatFieldNumber(value: number): string {
  return Number.isInteger(value) && value >= -2147483648 && value <= 2147483647
    ? String(value === 0 ? 0 : value)
    : formatFixed6(value);
}

/** C's `%f`: six decimals of the exact binary value, ties to even. */
export function formatFixed6(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}.000000`;
  // Only odd multiples of 1/128 lie exactly half-way; toFixed rounds those up.
  const scaled = Math.abs(value) * 128;
  if (Number.isInteger(scaled) && scaled % 2 === 1) {
    const exact = value.toFixed(7);
    const even = Number(exact.charAt(exact.length - 2)) % 2 === 0;
    if (even) return exact.slice(0, -1);
  }
  return Object.is(value, -0) ? '-0.000000' : negativeZero(value, value.toFixed(6));
}

const negativeZero = (value: number, text: string): string => (value < 0 && !text.startsWith('-') ? `-${text}` : text);

/** `%1.15g`, or `%1.17g` where 15 digits do not give the number back. */
function printNumber(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  const short = formatGeneral(value, 15);
  return Number(short) === value ? short : formatGeneral(value, 17);
}

/** C's `%.Ng`. */
function formatGeneral(value: number, digits: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponentText = '0'] = value.toExponential(digits - 1).split('e');
  const exponent = Number(exponentText);
  const trim = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? '-' : '+';
    return `${trim(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return trim(value.toFixed(Math.max(0, digits - 1 - exponent)));
}

/** A JSON string of bytes, escaped as cJSON does (bytes above 127 stay). */
function quoteJson(text: string): string {
  return `"${text.replace(/["\\\u0000-\u001f]/g, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  switch (character) {
    case '"':
    case '\\':
      return `\\${character}`;
    case '\b':
      return '\\b';
    case '\f':
      return '\\f';
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case '\t':
      return '\\t';
    default:
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  }
}
