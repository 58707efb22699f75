import { type Atom, atomOf } from './atom.ts';

/** What a pattern says, without where its groups begin: only whether a text matches is ever asked. */
export type Syntax =
  | { kind: 'atom'; atom: Atom }
  | { kind: 'assertion'; assertion: Assertion }
  | { kind: 'sequence'; items: Syntax[] }
  | { kind: 'choice'; items: Syntax[] }
  /** `max` is infinite for `*` and `+`. */
  | { kind: 'repeat'; item: Syntax; min: number; max: number };

export type Assertion = 'start' | 'end' | 'boundary' | 'no-boundary';

/** Groups in groups; Node's own reader gives up at some thousand. */
const MAX_DEPTH = 200;

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  '^': 'start',
  $: 'end',
  '\\b': 'boundary',
  '\\B': 'no-boundary',
};
/** One atom: a class, an escape, or a character. */
const ATOM =
  /\[(?:\\.|[^\]\\])*\]|\\(?:u\{[0-9a-f]+\}|u[89ab-d][0-9a-f]{2}[0-9a-f]|u[0-9a-f]{4}|x[0-9a-f]{2}|c[a-z]|p\{[^}]*\}|.)|./isuy;
const SURROGATES = /\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}/iuy;
const QUANTIFIER = /([*+?]|\{(\d+)(?:(,)(\d*))?\})\??/uy;

/**
 * Reads a pattern in JavaScript's syntax (flag `u`). It must be one that `RegExp` takes: what is checked here is only what
 * cannot be matched in one pass.
 *
 * @throws Error for lookaround, backreferences, flags of a group, and groups nested too deep
 */
export function parseSyntax(source: string, flags: string): Syntax {
  let at = 0;
  const take = (expression: RegExp): RegExpExecArray | null => {
    expression.lastIndex = at;
    const found = expression.exec(source);
    if (found) at += found[0].length;
    return found;
  };

  function choice(depth: number): Syntax {
    if (depth > MAX_DEPTH) throw new Error(`groups are nested deeper than ${MAX_DEPTH}`);
    const items = [sequence(depth)];
    while (source[at] === '|') {
      at++;
      items.push(sequence(depth));
    }
    return items.length === 1 ? (items[0] as Syntax) : { kind: 'choice', items };
  }

  function sequence(depth: number): Syntax {
    const items: Syntax[] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') items.push(repeated(piece(depth)));
    return { kind: 'sequence', items };
  }

  function piece(depth: number): Syntax {
    if (source[at] === '(') return group(depth);
    const text = (take(SURROGATES) ?? take(ATOM))?.[0];
    if (text === undefined) throw new Error(`cannot be read at character ${at + 1}`);
    const assertion = ASSERTIONS[text];
    if (assertion) return { kind: 'assertion', assertion };
    if (/^\\[1-9k]/.test(text)) throw new Error(`"${text}" refers back to a group, which takes more than one pass`);
    return { kind: 'atom', atom: atomOf(text, flags) };
  }

  function group(depth: number): Syntax {
    const opening = take(/\((?:\?(?:<(?![=!])[^>]*>|:|.{0,2}))?/suy)?.[0] ?? '';
    if (/^\(\?(?:[=!]|<[=!])/.test(opening)) {
      throw new Error(`"${opening.slice(0, opening[2] === '<' ? 4 : 3)}" looks around, which takes more than one pass`);
    }
    if (opening !== '(' && opening !== '(?:' && !opening.endsWith('>')) throw new Error('a group cannot have flags');
    const inside = choice(depth + 1);
    at++;
    return inside;
  }

  function repeated(item: Syntax): Syntax {
    const found = take(QUANTIFIER);
    if (!found) return item;
    const [, sign, least, comma, most] = found;
    if (sign === '*') return { kind: 'repeat', item, min: 0, max: Number.POSITIVE_INFINITY };
    if (sign === '+') return { kind: 'repeat', item, min: 1, max: Number.POSITIVE_INFINITY };
    if (sign === '?') return { kind: 'repeat', item, min: 0, max: 1 };
    const min = Number(least);
    const max = !comma ? min : most ? Number(most) : Number.POSITIVE_INFINITY;
    return { kind: 'repeat', item, min, max };
  }

  return choice(0);
}
