import { formatFieldNumber } from '../json-print.ts';
import type { JsonNode } from '../json-reader.ts';

/** A member by its name without regard to case, as cJSON looks them up; the first counts. */
export function member(node: JsonNode | undefined, name: string): JsonNode | undefined {
  if (node?.kind !== 'object') return undefined;
  const wanted = name.toLowerCase();
  return node.children.find((child) => child.name?.toLowerCase() === wanted);
}

export function memberText(node: JsonNode | undefined, name: string): string | undefined {
  const found = member(node, name);
  return found?.kind === 'string' ? found.value : undefined;
}

/** The text of a string or a number; undefined for anything else. */
export function scalarText(node: JsonNode | undefined): string | undefined {
  if (node?.kind === 'number') return formatFieldNumber(node.value);
  return node?.kind === 'string' ? node.value : undefined;
}

/** The texts of an array, joined by commas. */
export function joinedTexts(node: JsonNode | undefined): string | undefined {
  if (node?.kind !== 'array') return undefined;
  return node.children.map((child) => scalarText(child) ?? '').join(',');
}
