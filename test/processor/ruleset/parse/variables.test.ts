import { describe, expect, test } from 'vitest';
import { readXml, show } from './helpers.ts';

describe('variables', () => {
  test.each([
    ['a variable is put in', '<var name="WORDS">a|b</var><m>x $WORDS</m>', 'm(x a|b)'],
    ['of two bytes nothing is touched', '<var name="V">a</var><m>$V</m>', 'm($V)'],
    [
      'nothing is touched before the first definition',
      '<m>$LATE</m><var name="LATE">a</var><m>$LATE</m>',
      'm($LATE) m(a)',
    ],
    ['a $ at the end is text', '<var name="V">a</var><m>^x$V$</m>', 'm(^xa$)'],
    ['names end at . | , and blanks', '<var name="V">a</var><var name="W">b</var><m>$V|$W.x,$V $W</m>', 'm(a|b.x,a b)'],
    [
      'names ignore case, the first definition counts',
      '<var name="Vv">a</var><var name="VV">b</var><m>$vV</m>',
      'm(a)',
    ],
    ['values are not expanded', '<var name="AA">x</var><var name="BB">$AA</var><m>$BB</m>', 'm($AA)'],
    ['attributes too', '<var name="LVL">7</var><r level="$LVL">x</r>', 'r{level=7}(x)'],
    ['$(field) is left alone', '<var name="VV">a</var><m>$VV $(fld) z</m>', 'm(a $(fld) z)'],
    ['a variable behind $(field) lands in front', '<var name="VV">foo</var><m>$(fld) $VV x</m>', 'm($foo x)'],
    ['an empty value', '<var name="WORDS"></var><m>a$WORDS</m>', 'm(a)'],
    ['the element in any case', '<VAR name="VV">a</VAR><m>$VV</m>', 'm(a)'],
    ['inside of another element', '<g><var name="VV">a</var><m>$VV</m></g>', 'g[m(a)]'],
    ['further attributes do not matter', '<var name="VV" x="y">a</var><m>$VV</m>', 'm(a)'],
    ['without a name it takes the next attribute', '<var>a</var><g name="zz"><m>$zz</m></g>', 'g{name=zz}[m(a)]'],
    ['names are bytes', '<var name="\xc9\xc9">a</var><m>$\xc9\xc9</m>', 'm(a)'],
  ])('%s', (_, content, expected) => {
    expect(show(readXml(content).elements)).toBe(expected);
  });

  test.each([
    ['unknown name', '<var name="VV">a</var>\n<m>x $NOPE</m>', 'variable-unknown', 2],
    ['a bracket behind a $', '<var name="VV">a</var><m>(x$)</m>', 'variable-unknown', 1],
    [
      'names in other letters than ASCII keep their case',
      '<var name="\xc9\xc9">a</var><m>$\xe9\xe9</m>',
      'variable-unknown',
      1,
    ],
    ['another attribute first', '<var nxame="VV">a</var><m>x</m>', 'variable-bad-attribute', 1],
    ['no attribute anywhere', '<var>a</var><m>x</m>', 'variable-without-name', 1],
    ['a long name', `<var name="${'x'.repeat(256)}">a</var>`, 'variable-name-too-long', 1],
    ['a long reference', `<var name="VV">a</var><m>$${'x'.repeat(256)}</m>`, 'variable-name-too-long', 1],
  ])('%s is fatal', (_, content, code, line) => {
    const { elements, diagnostics } = readXml(content);
    expect(elements).toBeUndefined();
    expect(diagnostics).toMatchObject([{ severity: 'fatal', code, span: { line } }]);
  });

  test('OSSEC takes $(field) for a variable', () => {
    expect(readXml('<var name="VV">a</var><m>$(fld) x</m>', 'ossec').diagnostics).toMatchObject([
      { code: 'variable-unknown' },
    ]);
    expect(show(readXml('<m>$(fld) x</m>', 'ossec').elements)).toBe('m($(fld) x)');
  });

  test('a bomb of variables does not go off', () => {
    const bomb = `<var name="VV">${'x'.repeat(20000)}</var>${`<m>${'$VV,'.repeat(5000)}</m>`.repeat(100)}`;
    expect(readXml(bomb).diagnostics).toMatchObject([{ code: 'variable-expansion-too-long' }]);
  });
});
