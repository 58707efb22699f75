import type { CliIo } from './io.ts';

/** Colours for a terminal; anything else gets the text as it is. */
export interface Palette {
  bad(text: string): string;
  good(text: string): string;
  dim(text: string): string;
  strong(text: string): string;
}

/** `NO_COLOR` is honoured (no-color.org). */
export function createPalette(io: CliIo): Palette {
  const isTerminal = (io.stdout as { isTTY?: boolean }).isTTY === true;
  const colored = isTerminal && !io.env.NO_COLOR && io.env.TERM !== 'dumb';
  const style = (begin: number, end: number) => (text: string) =>
    colored ? `\x1b[${begin}m${text}\x1b[${end}m` : text;
  return { bad: style(31, 39), good: style(32, 39), dim: style(2, 22), strong: style(1, 22) };
}
