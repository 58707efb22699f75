import { PatternError } from '../types.ts';
import { MAX_CODE_POINT } from './code-set.ts';

/** Options that inline settings such as `(?i)` switch. */
export interface Flags {
  readonly caseless: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  /** `x`: white space and comments are ignored. */
  readonly extended: boolean;
  /** `xx`: blanks and tabs in classes are ignored too. */
  readonly extendedMore: boolean;
  /** `n`: plain groups do not capture. */
  readonly noAutoCapture: boolean;
  /** `U`: quantifiers are lazy unless marked. */
  readonly ungreedy: boolean;
  /** `J`: a name may be used twice. */
  readonly duplicateNames: boolean;
}

export const NO_FLAGS: Flags = {
  caseless: false,
  multiline: false,
  dotAll: false,
  extended: false,
  extendedMore: false,
  noAutoCapture: false,
  ungreedy: false,
  duplicateNames: false,
};

/** What is known of a group when references are resolved, after the whole pattern was read. */
export interface Groups {
  /** Highest number given so far. */
  count: number;
  readonly names: Map<string, number[]>;
}

/** The place in the pattern text, with what all readers share. */
export class Cursor {
  readonly text: string;
  at = 0;
  flags: Flags;
  readonly groups: Groups = { count: 0, names: new Map() };
  /** Look-arounds open at this place. */
  lookDepth = 0;
  nesting = 0;
  /** Between `\Q` and `\E`. */
  quoting = false;
  /** Characters are code points of UTF-8, not bytes. */
  utf: boolean;
  readonly #resolvers: (() => void)[] = [];

  constructor(text: string, flags: Flags, utf: boolean) {
    this.text = text;
    this.flags = flags;
    this.utf = utf;
  }

  get maxCode(): number {
    return this.utf ? MAX_CODE_POINT : 255;
  }

  /** Takes one character as it is written. */
  takeCharacter(): number {
    const byte = this.text.charCodeAt(this.at);
    if (!this.utf || byte < 0xc2) {
      this.at++;
      return byte;
    }
    const width = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    const encoded = Buffer.from(this.text.slice(this.at, this.at + width), 'latin1');
    this.at += width;
    return encoded.toString('utf8').codePointAt(0)!;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  peek(offset = 0): string {
    return this.text[this.at + offset] ?? '';
  }

  take(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }

  /** Takes what a sticky expression matches here. */
  takeMatch(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at;
    const match = expression.exec(this.text);
    if (!match) return undefined;
    this.at = expression.lastIndex;
    return match;
  }

  fail(message: string, at = this.at): never {
    throw new PatternError(message, at);
  }

  /** Runs when the pattern has been read and all groups are known. */
  whenRead(resolve: () => void): void {
    this.#resolvers.push(resolve);
  }

  resolveAll(): void {
    for (const resolve of this.#resolvers) resolve();
  }

  /** Group numbers that a reference means, checked at the end of the pattern. */
  checkGroup(number: number, at: number): void {
    this.whenRead(() => {
      if (number > this.groups.count) this.fail(`reference to group ${number}, which does not exist`, at);
    });
  }

  /** Numbers of a named group; filled at the end of the pattern. */
  namedGroups(name: string, at: number): number[] {
    const numbers: number[] = [];
    this.whenRead(() => {
      const found = this.groups.names.get(name);
      if (!found) this.fail(`reference to group "${name}", which does not exist`, at);
      numbers.push(...found);
    });
    return numbers;
  }
}
