import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readXml, show } from './helpers.ts';

describe('what the reader makes of a file', () => {
  test.each([
    ['text outside of elements is ignored', 'junk<a>1</a>junk', 'a(1)'],
    ['many roots', '<a>1</a><b>2</b>', 'a(1) b(2)'],
    ['comment with dashes inside', '<!-- c -- d --><a>1</a>', 'a(1)'],
    ['comment of the old form', '<! c !><a>1</a>', 'a(1)'],
    ['a comment may end in !>', '<!-- c !><a>1</a>', 'a(1)'],
    ['the shortest comment', '<!----><a>1</a>', 'a(1)'],
    ['three dashes and a blank do not end one', '<!-- c --- ><a>no</a> --><a>1</a>', 'a(1)'],
    ['a comment is cut out of a text', '<a>1<!-- x -->2</a>', 'a(12)'],
    ['CDATA is a comment', '<a>1<![CDATA[x]]> -->2</a>', 'a(12)'],
    ['entities are text', '<a>&amp; &lt; &#8211; & ></a>', 'a(&amp; &lt; &#8211; & >)'],
    ['an escaped < is text and keeps its backslash', '<a>x \\< y</a>', 'a(x \\< y)'],
    ['two backslashes cancel', '<a>x \\\\</a>', 'a(x \\\\)'],
    ['an escaped < outside is text', '\\<a>1</a> <b>2</b>', 'fatal'],
    ['an empty element', '<a></a><b/><c />', 'a b c'],
    ['self-closed with attributes leaves its > to the text', '<a>1<b x="1"/>2</a>', 'a(>2)[b{x=1}]'],
    ['of mixed text only the end stays', '<a>t1<b/>t3</a>', 'a(t3)[b]'],
    ['text is not trimmed', '<a> 1\n</a>', 'a( 1\n)'],
    ['attributes in both quotes', `<a b="1" c='2'>3</a>`, 'a{b=1,c=2}(3)'],
    ['white space around attributes', '<a\n b= "1"\t c="2" >3</a>', 'a{b=1,c=2}(3)'],
    ['a < in a value', '<a b="<x">3</a>', 'a{b=<x}(3)'],
    ['other quote and slash in a value', `<a b='"/'>3</a>`, 'a{b="/}(3)'],
    ['an attribute without a name', '<a ="1">2</a>', 'a{=1}(2)'],
    ['bytes above 127', '<a>\xe9</a>', 'a(\xe9)'],
    ['an element without a name', '<>1</>', '(1)'],
    ['a comment in a tag name', '<a<!-- x -->b>1</ab>', 'ab(1)'],
    ['text ends at a NUL', '<a>1\x002</a>', 'a(1)'],
    ['an attribute named var hides what follows', '<a var="x" name="v">1</a>', 'a(1)'],
  ])('%s', (_, content, expected) => {
    expect(show(readXml(content).elements)).toBe(expected);
  });

  test.each([
    ['an element never closed', '<a>1', 'xml-element-not-closed', 1],
    ['a bare < in a text', '<a>\n1 < 2</a>', 'xml-attribute-without-value', 2],
    ['an unclosed comment', '<a>1</a>\n<!-- x', 'xml-comment-not-closed', 2],
    ['CDATA', '<a><![CDATA[x]]></a>', 'xml-comment-not-closed', 1],
    ['a declaration', '<?xml version="1.0"?><a>1</a>', 'xml-bad-attribute', 1],
    ['names in other case', '<a>1</A>', 'xml-wrong-closing-tag', 1],
    ['a blank in a closing tag', '<a>1</a >', 'xml-wrong-closing-tag', 1],
    ['a trailing backslash swallows the tag', '<a>1\\</a>', 'xml-element-not-closed', 1],
    ['a closing tag without an opening one', '</a>', 'xml-element-not-opened', 1],
    ['an attribute twice', '<a b="1" b="2">3</a>', 'xml-duplicate-attribute', 1],
    ['a > in a value', '<a b="1>2">3</a>', 'xml-attribute-not-closed', 1],
    ['attributes glued', '<a b="1"c="2">3</a>', 'xml-bad-attribute', 1],
    ['a value without quotes', '<a b=1>3</a>', 'xml-attribute-not-quoted', 1],
    ['a blank before =', '<a b ="1">3</a>', 'xml-attribute-without-value', 1],
    ['the end of the file in a tag', '<a b="1"', 'xml-bad-attribute', 1],
    ['the end of the file in a name', '<a', 'xml-tag-not-closed', 1],
    ['the end of the file in a value', '<a b="1', 'xml-tag-not-closed', 1],
    ['a text too long', `<a>${'x'.repeat(20480)}</a>`, 'xml-too-long', 1],
    ['a name too long', `<${'x'.repeat(20480)}>1</a>`, 'xml-too-long', 1],
    ['a value too long', `<a b="${'x'.repeat(20480)}">1</a>`, 'xml-too-long', 1],
    ['nesting too deep', '<a>'.repeat(1025), 'xml-too-deep', 1],
    [
      'too many attributes',
      `<a ${Array.from({ length: 50 }, (_, i) => `b${i}="1"`).join(' ')}>1</a>`,
      'xml-too-many-attributes',
      1,
    ],
  ])('%s is fatal', (_, content, code, line) => {
    const { elements, diagnostics } = readXml(content);
    expect(elements).toBeUndefined();
    expect(diagnostics).toMatchObject([{ severity: 'fatal', code, span: { file: 'rules/test.xml', line } }]);
  });

  test('the bounds themselves are fine', () => {
    expect(readXml(`<a>${'x'.repeat(20479)}</a>`).elements).toHaveLength(1);
    expect(readXml('<a>'.repeat(1024) + '</a>'.repeat(1024)).elements).toHaveLength(1);
    const attributes = Array.from({ length: 49 }, (_, i) => `b${i}="1"`).join(' ');
    expect(readXml(`<a ${attributes}>1</a>`).elements?.[0]?.attributes).toHaveLength(49);
  });

  test('OSSEC steps over a declaration, but only before the elements', () => {
    expect(show(readXml('<?xml version="1.0"?><a>1</a>', 'ossec').elements)).toBe('a(1)');
    expect(readXml('<a><?x?></a>', 'ossec').elements).toBeUndefined();
  });

  test('places count bytes from 1', () => {
    const { elements } = readXml('\n <a b="1">\n  <c>x</c></a>');
    expect(elements?.[0]).toMatchObject({
      span: { line: 2, column: 2, offset: 2 },
      attributes: [{ span: { line: 2, column: 5, offset: 5 } }],
      children: [{ span: { line: 3, column: 3 } }],
    });
  });
});

describe('hostile files', () => {
  const markup = fc.array(
    fc.constantFrom(
      '<',
      '>',
      '/',
      '</',
      '/>',
      '<a>',
      '</a>',
      '<a b="',
      '"',
      "'",
      '=',
      '\\',
      '<!',
      '!>',
      '-->',
      '-',
      ' ',
      'x',
      '\n',
      '$',
      '<var name="v">',
      '</var>',
      '$v',
      '\0',
    ),
    { maxLength: 60 },
  );

  test.each(['wazuh', 'ossec'] as const)('never throw (%s)', (dialect) => {
    fc.assert(
      fc.property(markup, (parts) => {
        const { elements, diagnostics } = readXml(parts.join(''), dialect);
        expect(elements === undefined).toBe(diagnostics.some(({ severity }) => severity === 'fatal'));
      }),
      { numRuns: 3000 },
    );
  });

  test('what is well-formed comes back as it was', () => {
    const name = fc.stringMatching(/^[a-z]{1,5}$/).filter((text) => text !== 'var');
    const text = fc.stringMatching(/^[^<\\$\0]{0,10}$/);
    const leaf = fc.record({ name, text });
    fc.assert(
      fc.property(fc.array(leaf, { minLength: 1, maxLength: 8 }), (leaves) => {
        const { elements } = readXml(leaves.map((entry) => `<${entry.name}>${entry.text}</${entry.name}>`).join('\n'));
        expect(elements?.map((entry) => ({ name: entry.name, text: entry.content }))).toEqual(leaves);
      }),
    );
  });

  test('work grows with the size of the file only', () => {
    // Each of these would take minutes if every mark looked through the rest of the file.
    const size = 2_000_000;
    for (const part of [
      '<!',
      '<a>x</a>',
      '<',
      '\\<',
      '<!-- -->',
      'x',
      '<a b="1" ',
      '<!-- !',
      '<var name="v">1</var>',
    ]) {
      readXml(part.repeat(size / part.length));
      readXml(`<a>${part.repeat(size / part.length)}`);
    }
  });
});
