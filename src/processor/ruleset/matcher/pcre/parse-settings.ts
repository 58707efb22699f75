import type { Cursor, Flags } from './cursor.ts';

type Settable = 'caseless' | 'multiline' | 'dotAll' | 'noAutoCapture' | 'ungreedy' | 'duplicateNames';

const SETTINGS: Readonly<Record<string, Settable>> = {
  i: 'caseless',
  m: 'multiline',
  s: 'dotAll',
  n: 'noAutoCapture',
  U: 'ungreedy',
  J: 'duplicateNames',
};

/** The flags after `(?^on-off)`. */
export function applySettings(
  cursor: Cursor,
  at: number,
  caret: boolean,
  on: string,
  off: string | undefined,
  hyphen: boolean,
): Flags {
  if (caret && hyphen) cursor.fail('"(?^" takes no "-"', at);
  const flags = { ...cursor.flags };
  if (caret) {
    const cleared = { caseless: false, multiline: false, dotAll: false, extended: false, extendedMore: false };
    Object.assign(flags, cleared, { noAutoCapture: false });
  }
  set(on, true);
  set(off ?? '', false);
  return flags;

  function set(letters: string, value: boolean): void {
    for (const [i, letter] of [...letters].entries()) {
      const name = SETTINGS[letter];
      if (name) {
        flags[name] = value;
      } else if (letter === 'x') {
        flags.extended = value;
        flags.extendedMore = value && letters[i - 1] === 'x';
      } else {
        cursor.fail(`the option "${letter}" is not known`, at);
      }
    }
  }
}
