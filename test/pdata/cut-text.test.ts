import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutText } from '../../src/pdata/cut-text.ts';

it('is the beginning of any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(20), (text, max) => {
      expect(cutText(text, max)).toBe(text.slice(0, max));
    }),
  );
});
