import type { Dialect } from './ast.ts';
import { isSpace, Occurrences, shorten } from './xml-chars.ts';

/**
 * The originals do not read XML but a dialect of their own (ruleset-engine 2.1): a file is a row of elements, nothing is
 * decoded or trimmed, `\<` is text, `!>` ends a comment too. This is that reader as one pass over the bytes, without
 * recursion. It gives the nodes flat, in file order, since the rules for variables and attributes are rules about neighbours
 * in that row.
 */
export type FlatKind = 'element' | 'attribute' | 'variable';

export interface FlatNode {
  kind: FlatKind;
  name: string;
  /** Text as the original keeps it: of mixed content only what follows the last child. */
  text: string;
  /** Of an attribute: that of its element. */
  readonly depth: number;
  readonly offset: number;
}

export interface ScanFailure {
  readonly code: string;
  readonly message: string;
  readonly help?: string;
  readonly offset: number;
}

/** Bytes of a name, a text or an attribute value; as many are too many. */
export const MAX_TEXT = 20480;
/** From this length on V8 makes a piece of a string a view of it. */
const MIN_SLICED = 13;
export const MAX_DEPTH = 1024;
export const MAX_ATTRIBUTES = 49;

const LESS = 60;
const GREATER = 62;
const SLASH = 47;
const BACKSLASH = 92;
const BANG = 33;
const QUESTION = 63;
const EQUALS = 61;
const QUOTE = 34;
const APOSTROPHE = 39;

/** Element whose end has not been seen. */
interface OpenElement {
  readonly node: FlatNode;
  readonly name: string;
}

export class XmlScanner {
  readonly nodes: FlatNode[] = [];
  readonly #input: string;
  /** The same. */
  readonly #bytes: Buffer;
  readonly #dialect: Dialect;
  readonly #open: OpenElement[] = [];
  readonly #bangEnds: Occurrences;
  readonly #dashEnds: Occurrences;
  #position = 0;
  #failure: ScanFailure | undefined;
  /** An odd number of backslashes stands directly before the current character. */
  #escaped = false;
  /** Pieces of the current text that are done; a comment splits a text. */
  #done = '';
  #pieceStart = 0;

  constructor(input: string, dialect: Dialect) {
    this.#input = input;
    this.#bytes = Buffer.from(input, 'latin1');
    this.#dialect = dialect;
    this.#bangEnds = new Occurrences(input, '!>');
    this.#dashEnds = new Occurrences(input, '-->');
  }

  /** Reads everything; the nodes are in `nodes`. */
  scan(): ScanFailure | undefined {
    while (this.#failure === undefined && this.#position < this.#input.length) {
      if (this.#open.length === 0) this.#scanOutside();
      else this.#scanContent();
    }
    const open = this.#open.at(-1);
    if (this.#failure === undefined && open !== undefined) {
      this.#fail(
        'xml-element-not-closed',
        `element <${open.name}> is never closed`,
        open.node.offset,
        'Close it with its own name, byte for byte; a bare "<" in a pattern must be written "\\<".',
      );
    }
    return this.#failure;
  }

  #fail(code: string, message: string, offset: number, help?: string): void {
    this.#failure ??= help === undefined ? { code, message, offset } : { code, message, offset, help };
  }

  /** Text outside of elements is ignored. */
  #scanOutside(): void {
    const input = this.#input;
    while (this.#position < input.length) {
      const code = input.charCodeAt(this.#position);
      if (code === BACKSLASH) {
        this.#escaped = !this.#escaped;
      } else if (code === LESS) {
        const skipped = this.#skipMarkup();
        if (skipped === 'failed') return;
        if (skipped === 'skipped') continue;
        if (!this.#escaped) {
          this.#openElement();
          return;
        }
        this.#escaped = false;
      } else {
        this.#escaped = false;
      }
      this.#position++;
    }
  }

  /** Text inside the innermost open element, to the next tag. */
  #scanContent(): void {
    const input = this.#input;
    this.#beginText();
    while (this.#position < input.length) {
      const code = input.charCodeAt(this.#position);
      if (this.#textLength() >= MAX_TEXT) {
        this.#failTooLong('text', this.#open.at(-1)?.node.offset ?? this.#position);
        return;
      }
      if (code === BACKSLASH) {
        this.#escaped = !this.#escaped;
      } else if (code === LESS) {
        const before = this.#position;
        const skipped = this.#skipMarkup();
        if (skipped === 'failed') return;
        if (skipped === 'skipped') {
          this.#splitText(before);
          continue;
        }
        if (!this.#escaped) {
          if (input.charCodeAt(before + 1) === SLASH) this.#closeElement();
          else this.#openElement();
          return;
        }
        this.#escaped = false;
      } else {
        this.#escaped = false;
      }
      this.#position++;
    }
  }

  #beginText(): void {
    this.#done = '';
    this.#pieceStart = this.#position;
  }

  /** A comment stood between `end` and the current position. */
  #splitText(end: number): void {
    this.#done += this.#input.slice(this.#pieceStart, end);
    this.#pieceStart = this.#position;
  }

  #textLength(): number {
    return this.#done.length + this.#position - this.#pieceStart;
  }

  /** A text of its own: a longer piece of a string would keep the whole file in memory for as long as there is a rule of it. */
  #cut(from: number, to: number): string {
    return to - from < MIN_SLICED ? this.#input.slice(from, to) : this.#bytes.toString('latin1', from, to);
  }

  #takeText(end: number): string {
    const piece = this.#cut(this.#pieceStart, end);
    return this.#done === '' ? piece : this.#done + piece;
  }

  #failTooLong(what: string, offset: number): void {
    this.#fail(
      'xml-too-long',
      `${what} has ${MAX_TEXT} bytes or more`,
      offset,
      'Split it: repeated elements are joined.',
    );
  }

  /** At a `<`: steps over a comment (and, in the ossec dialect, a declaration). */
  #skipMarkup(): 'none' | 'skipped' | 'failed' {
    const next = this.#input.charCodeAt(this.#position + 1);
    if (next === BANG) {
      const from = this.#position + 2;
      const bang = this.#bangEnds.next(from);
      const dashes = this.#dashEnds.next(from);
      if (bang < 0 && dashes < 0) {
        this.#fail(
          'xml-comment-not-closed',
          'comment is never closed ("<!" starts one, "-->" or "!>" ends it)',
          this.#position,
          this.#input.startsWith('<![CDATA[', this.#position)
            ? 'There is no CDATA in rule files; write the text as it is.'
            : undefined,
        );
        return 'failed';
      }
      this.#position = dashes < 0 || (bang >= 0 && bang < dashes) ? bang + 2 : dashes + 3;
      return 'skipped';
    }
    if (next === QUESTION && this.#dialect === 'ossec' && this.#open.length === 0) {
      const end = this.#input.indexOf('?>', this.#position + 2);
      if (end < 0) {
        this.#fail('xml-declaration-not-closed', 'declaration is never closed with "?>"', this.#position);
        return 'failed';
      }
      this.#position = end + 2;
      return 'skipped';
    }
    return 'none';
  }

  /** At the `<` of an opening tag. */
  #openElement(): void {
    const input = this.#input;
    const offset = this.#position;
    if (this.#open.length === 0 && input.charCodeAt(offset + 1) === SLASH) {
      this.#fail('xml-element-not-opened', 'closing tag without an opening one', offset);
      return;
    }
    const depth = this.#open.length;
    if (depth >= MAX_DEPTH) {
      this.#fail('xml-too-deep', `elements are nested more than ${MAX_DEPTH} deep`, offset);
      return;
    }
    this.#position = offset + 1;
    this.#escaped = false;
    const end = this.#scanTagName(offset);
    if (end === undefined) return;
    let name = this.#takeText(end);
    let closed = false;
    if (name.endsWith('/')) {
      closed = true;
      name = name.slice(0, -1);
    }
    const node: FlatNode = { kind: kindOf(name, 'element'), name, text: '', depth, offset };
    this.nodes.push(node);
    const hasAttributes = input.charCodeAt(end) !== GREATER;
    this.#position = end + 1;
    if (hasAttributes) {
      const result = this.#scanAttributes(depth);
      if (result === undefined) return;
      closed ||= result === 'closed';
    }
    if (!closed) this.#open.push({ node, name });
  }

  /** From after `<` or `</`: offset of the character that ends the name. */
  #scanTagName(tagOffset: number): number | undefined {
    const input = this.#input;
    this.#beginText();
    while (this.#position < input.length) {
      const code = input.charCodeAt(this.#position);
      if (this.#textLength() >= MAX_TEXT) {
        this.#failTooLong('element name', tagOffset);
        return undefined;
      }
      if (code === LESS) {
        const before = this.#position;
        const skipped = this.#skipMarkup();
        if (skipped === 'failed') return undefined;
        if (skipped === 'skipped') {
          this.#splitText(before);
          continue;
        }
      } else if (code === GREATER || isSpace(code)) {
        return this.#position;
      }
      this.#position++;
    }
    this.#fail('xml-tag-not-closed', 'tag is never closed with ">"', tagOffset);
    return undefined;
  }

  /** At the `<` of a closing tag. */
  #closeElement(): void {
    const input = this.#input;
    const offset = this.#position;
    const open = this.#open.at(-1);
    if (open === undefined) return;
    const text = this.#takeText(offset);
    this.#position = offset + 2;
    this.#beginText();
    // Only ">" ends the name here: "</match >" is a name with a space.
    while (this.#position < input.length && input.charCodeAt(this.#position) !== GREATER) {
      if (this.#textLength() >= MAX_TEXT) {
        this.#failTooLong('closing tag', offset);
        return;
      }
      const before = this.#position;
      if (input.charCodeAt(before) === LESS) {
        const skipped = this.#skipMarkup();
        if (skipped === 'failed') return;
        if (skipped === 'skipped') {
          this.#splitText(before);
          continue;
        }
      }
      this.#position++;
    }
    const name = this.#takeText(this.#position);
    if (this.#position >= input.length) {
      this.#fail('xml-tag-not-closed', `closing tag </${shorten(name)}> is never closed with ">"`, offset);
      return;
    }
    if (name !== open.name) {
      this.#fail(
        'xml-wrong-closing-tag',
        `</${shorten(name)}> does not close <${shorten(open.name)}>`,
        offset,
        'The names must be equal byte for byte, without spaces; a bare "<" in a pattern must be written "\\<".',
      );
      return;
    }
    open.node.text = text;
    this.#open.pop();
    this.#escaped = false;
    this.#position++;
  }

  /** From after the name: 'closed' where `/` ended the tag (the `>` after it is left over, as in the original). */
  #scanAttributes(depth: number): 'open' | 'closed' | undefined {
    const input = this.#input;
    let names: string[] = [];
    for (let count = 0; ; count++) {
      const name = this.#scanAttributeName();
      if (name === undefined || name === 'open' || name === 'closed') return name;
      const { offset } = name;
      if (names.includes(name.text)) {
        this.#fail('xml-duplicate-attribute', `attribute "${shorten(name.text)}" is given twice`, offset);
        return undefined;
      }
      if (count >= MAX_ATTRIBUTES) {
        this.#fail('xml-too-many-attributes', `element has more than ${MAX_ATTRIBUTES} attributes`, offset);
        return undefined;
      }
      const value = this.#scanAttributeValue(name.text, offset);
      if (value === undefined) return undefined;
      const kind = kindOf(name.text, 'attribute');
      this.nodes.push({ kind, name: name.text, text: value, depth, offset });
      // The original looks back from the last node and stops at one that is no attribute.
      if (kind === 'variable') names = [];
      else names.push(name.text);
      const after = input.charCodeAt(this.#position);
      this.#position++;
      if (after === GREATER) return 'open';
      if (after === SLASH) return 'closed';
      if (!isSpace(after)) {
        this.#fail(
          'xml-bad-attribute',
          `attribute "${shorten(name.text)}" must be followed by a space, ">" or "/>"`,
          offset,
        );
        return undefined;
      }
    }
  }

  #scanAttributeName(): { text: string; offset: number } | 'open' | 'closed' | undefined {
    const input = this.#input;
    let start = this.#position;
    while (this.#position < input.length) {
      const code = input.charCodeAt(this.#position);
      const length = this.#position - start;
      if (length >= MAX_TEXT) {
        this.#failTooLong('attribute name', start);
        return undefined;
      }
      if (code === EQUALS) {
        const text = this.#cut(start, this.#position);
        this.#position++;
        return { text, offset: start };
      }
      if (code === GREATER || code === SLASH || isSpace(code)) {
        if (length > 0) {
          this.#fail(
            'xml-attribute-without-value',
            `attribute "${shorten(input.slice(start, this.#position))}" has no value`,
            start,
            'Write name="value", without a space before the "=".',
          );
          return undefined;
        }
        this.#position++;
        if (code === GREATER) return 'open';
        if (code === SLASH) return 'closed';
        start = this.#position;
        continue;
      }
      this.#position++;
    }
    this.#fail('xml-tag-not-closed', 'end of file inside of a tag', Math.min(start, input.length));
    return undefined;
  }

  /** From after `=` to after the closing quote. */
  #scanAttributeValue(name: string, offset: number): string | undefined {
    const input = this.#input;
    while (isSpace(input.charCodeAt(this.#position))) this.#position++;
    const quote = input.charCodeAt(this.#position);
    if (quote !== QUOTE && quote !== APOSTROPHE) {
      this.#fail('xml-attribute-not-quoted', `value of attribute "${shorten(name)}" must be in quotes`, offset);
      return undefined;
    }
    const start = ++this.#position;
    while (this.#position < input.length) {
      const code = input.charCodeAt(this.#position);
      if (this.#position - start >= MAX_TEXT) {
        this.#failTooLong(`value of attribute "${shorten(name)}"`, offset);
        return undefined;
      }
      if (code === GREATER) {
        this.#fail(
          'xml-attribute-not-closed',
          `value of attribute "${shorten(name)}" is not closed before ">"`,
          offset,
          'A ">" is not possible in an attribute value.',
        );
        return undefined;
      }
      if (code === quote) {
        const value = this.#cut(start, this.#position);
        this.#position++;
        return value;
      }
      this.#position++;
    }
    this.#fail('xml-tag-not-closed', `end of file in the value of attribute "${shorten(name)}"`, offset);
    return undefined;
  }
}

/** `var` in any case is a variable, as an element and (a slip of the original) as an attribute. */
function kindOf(name: string, kind: 'element' | 'attribute'): FlatKind {
  return name.length === 3 && name.toLowerCase() === 'var' ? 'variable' : kind;
}
