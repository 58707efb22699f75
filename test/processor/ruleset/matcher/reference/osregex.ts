import type { Alternative, Token } from '../../../../../src/processor/ruleset/matcher/osregex/parse.ts';

/**
 * OS_Regex written for reading, not for speed: one object of state, one method per thing that can happen to it. The
 * machine in use must agree with it on every pattern and text.
 */
export interface ReferenceResult {
  /** Offset reported as the last byte of the match; -1 when before the text. */
  readonly end: number;
  /** Places of the parentheses of the alternative that matched, undefined where not recorded. */
  readonly places: readonly (number | undefined)[];
}

export function matchOsRegex(
  alternatives: readonly Alternative[],
  text: string,
  withCaptures: boolean,
): ReferenceResult | undefined {
  const captureMode = withCaptures && alternatives.some(({ tokens }) => tokens.some(isParen));
  for (const alternative of alternatives) {
    const result = new Scan(alternative, text, captureMode).run();
    if (result) return result;
  }
  return undefined;
}

interface Place {
  readonly token: number;
  readonly byte: number;
}

class Scan {
  readonly #tokens: readonly Token[];
  readonly #begin: boolean;
  readonly #end: boolean;
  readonly #text: string;
  readonly #captureMode: boolean;
  readonly #places = new Map<number, number>();
  /** Where to go back to, at most four; the last one first. */
  readonly #saved: Place[] = [];
  #token = 0;
  #byte = 0;
  /** The class at hand has matched before. */
  #repeated = false;
  /** First byte taken by an unrepeated token in this attempt: the next attempt begins behind it. */
  #restart: number | undefined;
  /** Reported last byte; undefined means that a match would not count. */
  #last: number | undefined = 0;

  constructor({ tokens, begin, end }: Alternative, text: string, captureMode: boolean) {
    this.#tokens = tokens;
    this.#begin = begin;
    this.#end = end;
    this.#text = text;
    this.#captureMode = captureMode;
  }

  run(): ReferenceResult | undefined {
    if (this.#tokens.length === 0) return !this.#end || this.#text === '' ? this.#result() : undefined;
    if (this.#text === '') return this.#restMayBeMissing() ? this.#result() : undefined;
    while (this.#byte < this.#text.length) {
      const outcome = this.#step();
      if (outcome === 'matched') return this.#last === undefined ? undefined : this.#result();
      if (outcome === 'failed' && !this.#goBack()) return undefined;
      this.#byte++;
    }
    if (this.#last === undefined) return undefined;
    this.#closeAtEnd();
    return this.#restMayBeMissing() ? this.#result() : undefined;
  }

  /** One byte. `stay` lets the same byte be looked at again with the next token. */
  #step(): 'took' | 'failed' | 'matched' {
    if (isParen(this.#tokens[this.#token])) this.#record(this.#token++, this.#byte);
    const token = this.#tokens[this.#token];
    if (!token) return this.#end ? 'failed' : 'matched';
    const fits = accepts(token, this.#text, this.#byte);
    if (token.kind !== 'class') return fits ? this.#takeOnce() : 'failed';
    if (token.quantifier === 'one') {
      if (fits) return this.#takeOnce();
      if (this.#matchesNearEnd()) return 'matched';
      this.#repeated = false;
      return 'failed';
    }
    return fits ? this.#takeRepeated(token.quantifier) : this.#leaveRepeated(token.quantifier);
  }

  #takeOnce(): 'took' {
    this.#restart ??= this.#byte;
    this.#last = this.#byte;
    this.#token++;
    return 'took';
  }

  #takeRepeated(quantifier: 'plus' | 'star'): 'took' {
    if (quantifier === 'star') this.#repeated = true;
    const hasParen = isParen(this.#tokens[this.#token + 1]);
    const paren = this.#token + 1;
    const nextIndex = hasParen ? paren + 1 : paren;
    const next = this.#tokens[nextIndex];
    if (!next) {
      if (hasParen) this.#record(paren, this.#byte + 1);
      if (!this.#repeated) this.#last = this.#byte;
      this.#repeated = true;
      return 'took';
    }
    this.#last = this.#byte;
    if (this.#repeated && accepts(next, this.#text, this.#byte)) {
      if (hasParen) this.#record(paren, this.#byte);
      if (this.#saved.length < 4) this.#saved.push({ token: this.#token, byte: this.#byte });
      const repeats = next.kind === 'class' && next.quantifier !== 'one';
      this.#token = repeats ? nextIndex : nextIndex + 1;
      this.#repeated = next.kind === 'class';
      return 'took';
    }
    if (!this.#repeated && hasParen && this.#tokens[paren]!.kind === 'close') this.#record(paren, this.#byte + 1);
    this.#repeated = true;
    return 'took';
  }

  #leaveRepeated(quantifier: 'plus' | 'star'): 'took' | 'failed' | 'matched' {
    if (this.#isNearEnd() && this.#repeated && this.#last !== undefined) {
      if (this.#matchesNearEnd()) return 'matched';
    } else if (quantifier === 'star' || this.#repeated) {
      this.#token++;
      this.#byte--;
      if (quantifier === 'star') this.#last = this.#byte;
      this.#repeated = false;
      return 'took';
    }
    this.#repeated = false;
    return 'failed';
  }

  /** Less than four bytes of pattern are left from the token at hand on. */
  #isNearEnd(): boolean {
    const width = this.#tokens
      .slice(this.#token)
      .reduce((sum, token) => sum + (token.kind !== 'class' ? 1 : token.quantifier === 'one' ? 2 : 3), 0);
    return width <= 3;
  }

  #matchesNearEnd(): boolean {
    if (!this.#isNearEnd() || !this.#repeated || this.#last === undefined) return false;
    this.#last = this.#byte;
    return !this.#end;
  }

  #goBack(): boolean {
    const place = this.#saved.pop();
    if (place) {
      this.#token = place.token;
      this.#byte = place.byte;
      this.#last = place.byte;
      return true;
    }
    if (this.#begin) return false;
    this.#byte = this.#restart ?? this.#byte;
    this.#restart = undefined;
    this.#token = 0;
    this.#last = undefined;
    return true;
  }

  /** With captures, trailing `*` classes are passed over at the end of the text, and the parenthesis behind is recorded. */
  #closeAtEnd(): void {
    if (!this.#captureMode) return;
    for (;;) {
      const token = this.#tokens[this.#token];
      if (token?.kind !== 'class' || token.quantifier !== 'star') break;
      this.#token++;
    }
    if (isParen(this.#tokens[this.#token])) this.#record(this.#token, this.#text.length);
  }

  /** See `acceptsRest`: a chain of tests that does not go back where one fails half-way. */
  #restMayBeMissing(): boolean {
    let at = this.#token;
    const kind = () => this.#tokens[at]?.kind;
    const quantifier = () => {
      const token = this.#tokens[at];
      return token?.kind === 'class' ? token.quantifier : undefined;
    };
    const atEnd = () => {
      if (isParen(this.#tokens[at])) at++;
      return at >= this.#tokens.length;
    };
    if (atEnd()) return true;
    if (this.#repeated && kind() === 'class') {
      const repeats = quantifier() !== 'one';
      at++;
      if (repeats) {
        if (atEnd()) return true;
        if (quantifier() === 'plus') return false;
        if (quantifier() === 'star') {
          at++;
          if (atEnd()) return true;
        } else if (quantifier() === 'one') {
          at++;
        }
      }
    }
    if (quantifier() !== 'star') return false;
    at++;
    return atEnd();
  }

  #record(token: number, byte: number): void {
    if (this.#captureMode) this.#places.set(token, byte);
  }

  #result(): ReferenceResult {
    const places = [...this.#tokens.keys()].filter((i) => isParen(this.#tokens[i])).map((i) => this.#places.get(i));
    return { end: this.#last!, places };
  }
}

function isParen(token: Token | undefined): boolean {
  return token?.kind === 'open' || token?.kind === 'close';
}

/** A parenthesis is compared like a literal when the one before it was already taken for a parenthesis. */
function accepts(token: Token, text: string, at: number): boolean {
  const byte = text.charCodeAt(at);
  switch (token.kind) {
    case 'class':
      return token.bytes[byte] === 1;
    case 'literal':
      return token.byte === (byte >= 65 && byte <= 90 ? byte + 32 : byte);
    default:
      return byte === (token.kind === 'open' ? 40 : 41);
  }
}
