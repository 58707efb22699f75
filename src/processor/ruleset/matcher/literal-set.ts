import { MultiLiteral } from './multi-literal.ts';

/** A literal, and where in the text it has to stand. */
export interface LiteralAlternative {
  readonly text: string;
  /** At the start of the text. */
  readonly begin: boolean;
  /** At the end of the text. */
  readonly end: boolean;
}

const NEVER = 0;
const ALWAYS = 1;
const CONTAINS = 2;
const PREFIX = 3;
const SUFFIX = 4;
const EQUALS = 5;
const LIST = 6;

/** From this many on one pass for all literals is faster. */
const MANY = 8;

/**
 * Tests a text for any of some literals. The shape is chosen once, so that the common ones cost a single native call.
 * Case is the caller's: fold both sides or none.
 */
export class LiteralSet {
  readonly alternatives: readonly LiteralAlternative[];
  readonly #shape: number;
  readonly #text: string;
  /** Literals that may stand anywhere, in two parts when there are many. */
  readonly #contained: readonly string[];
  readonly #many: MultiLiteral | undefined;
  readonly #anchored: readonly LiteralAlternative[];

  constructor(alternatives: readonly LiteralAlternative[]) {
    this.alternatives = alternatives;
    this.#shape = chooseShape(alternatives);
    this.#text = alternatives[0]?.text ?? '';
    const contained = alternatives.filter(({ begin, end }) => !begin && !end).map(({ text }) => text);
    const long = contained.filter((text) => text.length >= 3);
    this.#many = long.length >= MANY ? new MultiLiteral(long) : undefined;
    this.#contained = this.#many ? contained.filter((text) => text.length < 3) : contained;
    this.#anchored = alternatives.filter(({ begin, end }) => begin || end);
  }

  test(text: string): boolean {
    switch (this.#shape) {
      case CONTAINS:
        return text.includes(this.#text);
      case PREFIX:
        return text.startsWith(this.#text);
      case SUFFIX:
        return text.endsWith(this.#text);
      case EQUALS:
        return text === this.#text;
      case LIST:
        return this.#testList(text);
      default:
        return this.#shape === ALWAYS;
    }
  }

  #testList(text: string): boolean {
    for (const alternative of this.#anchored) {
      if (matches(alternative, text)) return true;
    }
    for (const literal of this.#contained) {
      if (text.includes(literal)) return true;
    }
    return this.#many?.occursIn(text) ?? false;
  }
}

function chooseShape(alternatives: readonly LiteralAlternative[]): number {
  if (alternatives.some(({ text, begin, end }) => text === '' && !(begin && end))) return ALWAYS;
  if (alternatives.length === 0) return NEVER;
  if (alternatives.length > 1) return LIST;
  const { begin, end } = alternatives[0]!;
  if (begin) return end ? EQUALS : PREFIX;
  return end ? SUFFIX : CONTAINS;
}

function matches({ text, begin, end }: LiteralAlternative, subject: string): boolean {
  if (!begin) return subject.endsWith(text);
  return end ? subject === text : subject.startsWith(text);
}
