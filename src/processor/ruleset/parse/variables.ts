import type { Dialect } from './ast.ts';
import { foldAscii } from './words.ts';
import type { FlatNode, ScanFailure } from './xml-scan.ts';

/** Bytes of a variable's name. */
const MAX_NAME = 255;
/** Bytes of a text after substitution. The originals have no bound, but throw away what is longer than 2 KiB later on. */
const MAX_EXPANDED = 65536;

interface Variable {
  /** In lower case: names compare without case. */
  readonly name: string;
  readonly value: string;
}

/**
 * Replaces `$NAME` in texts and attribute values (ruleset-engine 2.2). Works along the nodes in file order and knows only
 * variables already passed, as the original does. Every text that a pattern or a description may come from passes here, so the
 * slips are kept: texts of two bytes are left alone, and a `$VAR` behind a `$(field)` lands in the wrong place.
 */
export function applyVariables(nodes: readonly FlatNode[], dialect: Dialect): ScanFailure | undefined {
  const variables: Variable[] = [];
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index];
    if (node === undefined) continue;
    if (node.kind === 'variable') {
      const variable = readVariable(nodes, index);
      if ('code' in variable) return variable;
      variables.push(variable);
    } else if (variables.length > 0 && node.text.length > 2 && node.text.includes('$')) {
      const failure = expand(node, variables, dialect);
      if (failure !== undefined) return failure;
    }
  }
  return undefined;
}

/**
 * The name is the first attribute that follows in the file, be it that of a later element: `<var>x</var><group name="g">`
 * defines `g`.
 */
function readVariable(nodes: readonly FlatNode[], index: number): Variable | ScanFailure {
  const variable = nodes[index] as FlatNode;
  for (let next = index + 1; next < nodes.length; next++) {
    const node = nodes[next] as FlatNode;
    if (node.depth < variable.depth) break;
    if (node.kind !== 'attribute') continue;
    if (node.name.toLowerCase() !== 'name') {
      return {
        code: 'variable-bad-attribute',
        message: `variable has the attribute "${node.name}"`,
        help: 'Write <var name="NAME">value</var>; "name" is the only attribute.',
        offset: node.offset,
      };
    }
    if (node.text.length > MAX_NAME) {
      return {
        code: 'variable-name-too-long',
        message: `name of the variable has more than ${MAX_NAME} bytes`,
        offset: node.offset,
      };
    }
    return { name: foldAscii(node.text), value: variable.text };
  }
  return {
    code: 'variable-without-name',
    message: 'variable has no name',
    help: 'Write <var name="NAME">value</var>.',
    offset: variable.offset,
  };
}

function expand(node: FlatNode, variables: readonly Variable[], dialect: Dialect): ScanFailure | undefined {
  const source = node.text;
  let text = source;
  /** Where in `text` the next value is put; falls behind at a `$(field)`. */
  let target = 0;
  let position = 0;
  while (position < source.length) {
    if (source[position] !== '$') {
      const next = source.indexOf('$', position);
      const end = next < 0 ? source.length : next;
      target += end - position;
      position = end;
      continue;
    }
    position++;
    const end = endOfName(source, position);
    const name = source.slice(position, end);
    if (name.length > MAX_NAME) {
      return {
        code: 'variable-name-too-long',
        message: `name after "$" has more than ${MAX_NAME} bytes`,
        help: 'A name ends at a space, ".", ",", "|" or "$".',
        offset: node.offset,
      };
    }
    position = end;
    const lower = foldAscii(name);
    const variable = variables.find((candidate) => candidate.name === lower);
    if (variable !== undefined) {
      text = text.slice(0, target) + variable.value + source.slice(position);
      target += variable.value.length;
      if (text.length > MAX_EXPANDED) {
        return {
          code: 'variable-expansion-too-long',
          message: `text has more than ${MAX_EXPANDED} bytes after the variables are put in`,
          offset: node.offset,
        };
      }
    }
    if (name.startsWith('(') && dialect === 'wazuh') continue;
    if (variable === undefined && name !== '') {
      return {
        code: 'variable-unknown',
        message: `unknown variable "$${name}"`,
        help:
          dialect === 'ossec' && name.startsWith('(')
            ? 'OSSEC knows no $(field), and takes it for a variable as soon as the file defines one.'
            : 'Define it with <var name="..."> above; a name ends only at a space, ".", ",", "|" or "$".',
        offset: node.offset,
      };
    }
    if (variable === undefined) target++;
  }
  node.text = text;
  return undefined;
}

function endOfName(text: string, start: number): number {
  let end = start;
  while (end < text.length && !'$.|, '.includes(text.charAt(end))) end++;
  return end;
}
