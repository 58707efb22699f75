import { foldAscii } from './ascii.ts';
import type { Matcher } from './types.ts';

/** Texts equal, byte by byte and case by case. */
export class ExactMatcher implements Matcher {
  readonly language = 'exact';
  readonly pattern: string;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get requiredLiterals(): readonly string[] | undefined {
    return this.pattern === '' ? undefined : [foldAscii(this.pattern)];
  }

  get exactTexts(): readonly string[] {
    return [foldAscii(this.pattern)];
  }

  test(text: string): boolean {
    return text === this.pattern;
  }
}
