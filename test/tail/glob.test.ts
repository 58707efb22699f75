import { existsSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Glob } from '../../src/tail/glob.ts';
import { compileExclude, type GlobSegment, parseGlob } from '../../src/tail/glob-pattern.ts';
import { createFolder } from './harness.ts';

let folder: string;
let cleanup: () => void;

beforeEach(() => {
  ({ folder, cleanup } = createFolder());
  for (const path of ['a/x.log', 'a/y.log', 'a/b/x.log', 'a/b/.h.log', 'a/.d/x.log', 'z.txt', '[q].log', 'a/x.log.1']) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), '');
  }
});
afterEach(() => cleanup());

async function expand(include: string[], exclude: string[] = []): Promise<string[]> {
  const { paths } = await new Glob(include, exclude, folder).expand();
  return paths.filter((path) => existsSync(path)).map((path) => path.slice(folder.length + 1));
}

describe('expand', () => {
  it.each([
    ['a/x.log', ['a/x.log']],
    ['nothing/there.log', []],
    ['a/[[-]].log', []],
    ['[[]q[]].log', ['[q].log']],
    ['a/*.log', ['a/x.log', 'a/y.log']],
    ['a/?.log', ['a/x.log', 'a/y.log']],
    ['a/[x-z].log', ['a/x.log', 'a/y.log']],
    ['a/[!x].log', ['a/y.log']],
    ['a/[^x].log', ['a/y.log']],
    ['a/{x,y}.log', ['a/x.log', 'a/y.log']],
    ['a/{x,{y,b/x}}.log', ['a/b/x.log', 'a/x.log', 'a/y.log']],
    ['{a,a/b}/x.log', ['a/b/x.log', 'a/x.log']],
    ['*/x.log', ['a/x.log']],
    ['*/b/*.log', ['a/b/x.log']],
    ['**/x.log', ['a/b/x.log', 'a/x.log']],
    ['a/**', ['a/b/x.log', 'a/x.log', 'a/x.log.1', 'a/y.log']],
    ['a/**/*.log', ['a/b/x.log', 'a/x.log', 'a/y.log']],
    ['a/b/.*.log', ['a/b/.h.log']],
    ['\\[q\\].log', ['[q].log']],
    ['*', ['[q].log', 'z.txt']],
    ['a/x.log*', ['a/x.log', 'a/x.log.1']],
    ['a/*z*', []],
  ])('%s', async (pattern, expected) => {
    expect(await expand([pattern])).toEqual(expected);
  });

  it('gives a path without wildcards also while it does not exist', async () => {
    const path = join(folder, 'nothing/there.log');
    expect((await new Glob(['nothing/there.log'], [], folder).expand()).paths).toEqual([path]);
  });

  it('joins patterns and leaves out what is excluded', async () => {
    expect(await expand(['a/*.log', '*.txt', 'a/x.log'], ['a/y*', '**/*.txt'])).toEqual(['a/x.log']);
  });

  it('takes absolute patterns as they are, also where the base has marks', async () => {
    const odd = join(folder, '{odd}[*]');
    mkdirSync(odd);
    writeFileSync(join(odd, 'x.log'), '');
    expect((await new Glob(['*.log'], [], odd).expand()).paths).toEqual([join(odd, 'x.log')]);
    expect((await new Glob([`${folder}/a/y.*`], [], '/').expand()).paths).toEqual([join(folder, 'a/y.log')]);
  });

  it('does not walk through links in circles', async () => {
    symlinkSync(folder, join(folder, 'a/loop'));
    expect(await expand(['**/x.log'])).toEqual(['a/b/x.log', 'a/x.log']);
  });

  it('is not kept busy by folders in folders, whatever the pattern', { timeout: 10_000 }, async () => {
    const deep = 'd/'.repeat(300);
    mkdirSync(join(folder, deep), { recursive: true });
    writeFileSync(join(folder, deep, 'x.log'), '');
    expect(await expand([`**/d/**/d/**/d/**/d/**/x.log`, '**/**/**/**/**/none'])).toEqual([`${deep}x.log`]);
    const excluded = compileExclude('/**/d/**/d/**/d/**/d/**/e');
    expect([excluded(`/${deep}x`), excluded(`/${deep}e`)]).toEqual([false, true]);
  });

  it('looks at a bounded number of folders, and says so', async () => {
    const { paths, errors } = await new Glob(['a/**/*.log'], [], folder, 1).expand();
    expect(paths).toEqual([join(folder, 'a/x.log'), join(folder, 'a/y.log')]);
    expect(errors.map(({ path, error }) => [path, error.message])).toEqual([
      [join(folder, 'a/b'), 'there are more than 1 folders; the rest is not looked at'],
    ]);
  });

  it('says which folder it cannot list', async () => {
    symlinkSync(join(folder, 'self'), join(folder, 'self'));
    const { paths, errors } = await new Glob(['self/*.log', 'a/x.log'], [], folder).expand();
    expect(paths).toEqual([join(folder, 'a/x.log')]);
    expect(errors.map(({ path }) => path)).toEqual([join(folder, 'self')]);
  });

  it('sees every change, although it lists a folder again only after one', async () => {
    const glob = new Glob(['a/*.log'], [], folder);
    const old = new Date(Date.now() - 60_000);
    utimesSync(join(folder, 'a'), old, old);
    await glob.expand();
    expect((await glob.expand()).paths).toHaveLength(2);
    writeFileSync(join(folder, 'a/new.log'), '');
    expect((await glob.expand()).paths).toHaveLength(3);
    writeFileSync(join(folder, 'a/newer.log'), '');
    expect((await glob.expand()).paths).toHaveLength(4);
    rmSync(join(folder, 'a/new.log'));
    expect((await glob.expand()).paths).toHaveLength(3);
  });
});

describe('patterns', () => {
  it.each(['a[', 'a{b', 'a[]', '{'.repeat(3), '{0,1}'.repeat(11)])('refuses %s', (pattern) => {
    expect(() => parseGlob(pattern)).toThrow();
  });

  it.each([
    ['/a/*.log', '/a/.x.log', true],
    ['/a/*.log', '/a/b/x.log', false],
    ['/a/**', '/a/b/c', true],
    ['/**/c', '/c', true],
    ['/a/**/c', '/a/c', true],
    ['/a/**/c', '/a/b/b/d', false],
    [`/${'*a'.repeat(20)}b`, `/${'a'.repeat(200)}`, false],
  ])('exclude %s, path %s: %s', (pattern, path, expected) => {
    expect(compileExclude(pattern)(path)).toBe(expected);
  });
});

it('excludes what one way after the other would', () => {
  const segment = fc.constantFrom('**', '**', 'a', 'b', '*', 'a*');
  const name = fc.constantFrom('a', 'b', 'ab');
  const tryAll = (segments: readonly GlobSegment[], names: readonly string[]): boolean => {
    const [first, ...rest] = segments;
    if (!first) return names.length === 0;
    if (first.kind === 'any_depth') {
      return tryAll(rest, names) || (names.length > 0 && tryAll(segments, names.slice(1)));
    }
    const [one] = names;
    if (one === undefined) return false;
    return (first.kind === 'literal' ? first.name === one : first.matches(one)) && tryAll(rest, names.slice(1));
  };
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), fc.array(name, { maxLength: 6 }), (pattern, names) => {
      const text = ['', ...pattern].join('/');
      const [segments] = parseGlob(text);
      expect(compileExclude(text)(['', ...names].join('/'))).toBe(tryAll(segments.slice(1), names));
    }),
  );
});
