import { WORD } from './byte-set.ts';

/** Assertions by the number that stands in the code. */
export const ASSERTIONS = [
  'start',
  'line-start',
  'end',
  'last',
  'line-end',
  'first',
  'word-boundary',
  'no-word-boundary',
] as const;

/** Whether an assertion holds at a place; the subject begins at `from`. */
export function holds(assertion: number, text: string, place: number, from: number): boolean {
  const size = text.length;
  switch (ASSERTIONS[assertion]!) {
    case 'start':
    case 'first':
      return place === from;
    case 'line-start':
      return place === from || (place < size && text.charCodeAt(place - 1) === 10);
    case 'end':
      return place === size;
    case 'last':
      return place === size || (place === size - 1 && text.charCodeAt(place) === 10);
    case 'line-end':
      return place === size || text.charCodeAt(place) === 10;
    case 'word-boundary':
      return isWordAt(text, place - 1, from) !== isWordAt(text, place, from);
    case 'no-word-boundary':
      return isWordAt(text, place - 1, from) === isWordAt(text, place, from);
  }
}

function isWordAt(text: string, place: number, from: number): boolean {
  return place >= from && place < text.length && WORD[text.charCodeAt(place)] === 1;
}
