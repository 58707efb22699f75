import type { Diagnostic, SourceSpan } from '../diagnostics.ts';
import type { Dialect, SourceFile, XmlAttribute, XmlElement } from './ast.ts';
import { applyVariables } from './variables.ts';
import { type FlatNode, type ScanFailure, XmlScanner } from './xml-scan.ts';

/**
 * Reads one ruleset file: its elements without nesting limits of ours, variables put in. Undefined after a fatal
 * diagnostic: then nothing of the file is usable, as in the original.
 */
export function parseXml(file: SourceFile, dialect: Dialect, diagnostics: Diagnostic[]): XmlElement[] | undefined {
  const scanner = new XmlScanner(file.content, dialect);
  const failure = scanner.scan() ?? applyVariables(scanner.nodes, dialect);
  if (failure !== undefined) {
    diagnostics.push(toDiagnostic(file, failure));
    return undefined;
  }
  return buildTree(file, scanner.nodes);
}

function toDiagnostic(file: SourceFile, failure: ScanFailure): Diagnostic {
  const { code, message, help, offset } = failure;
  const span = new Places(file).at(offset);
  return { severity: 'fatal', code, message, span, ...(help === undefined ? {} : { help }) };
}

/**
 * An element belongs to the last element one level up; variables are no part of the tree. An element's attributes are those
 * that follow it without a gap, so that an attribute called `var` hides the ones behind it.
 */
function buildTree(file: SourceFile, nodes: readonly FlatNode[]): XmlElement[] {
  const places = new Places(file);
  const roots: XmlElement[] = [];
  /** Children of the last element of each level. */
  const levels: XmlElement[][] = [roots];
  let attributes: XmlAttribute[] | undefined;
  const hasNul = file.content.includes('\0');
  for (const node of nodes) {
    if (node.kind === 'variable') {
      attributes = undefined;
    } else if (node.kind === 'attribute') {
      attributes?.push({ name: node.name, value: node.text, span: places.at(node.offset) });
    } else {
      attributes = [];
      const children: XmlElement[] = [];
      const text = hasNul ? cutAtNul(node.text) : node.text;
      levels[node.depth]?.push({ name: node.name, attributes, content: text, children, span: places.at(node.offset) });
      levels.length = node.depth + 1;
      levels.push(children);
    }
  }
  return roots;
}

/** Texts are C strings. */
function cutAtNul(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Turns offsets into lines and columns; cheap when asked in rising order. */
class Places {
  readonly #file: SourceFile;
  #line = 1;
  #lineStart = 0;
  #nextNewline: number;

  constructor(file: SourceFile) {
    this.#file = file;
    this.#nextNewline = file.content.indexOf('\n');
  }

  at(offset: number): SourceSpan {
    while (this.#nextNewline >= 0 && this.#nextNewline < offset) {
      this.#line++;
      this.#lineStart = this.#nextNewline + 1;
      this.#nextNewline = this.#file.content.indexOf('\n', this.#lineStart);
    }
    return { file: this.#file.path, line: this.#line, column: offset - this.#lineStart + 1, offset };
  }
}
