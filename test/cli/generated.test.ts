import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { componentFolders, generateDocs, listedComponents, ROOT } from '../tools/docs.ts';

const docs = generateDocs();

it.each([...docs.keys()])('%s is what the schemas say (npm run generate)', (file) => {
  expect(readFileSync(join(ROOT, file), 'utf8')).toBe(docs.get(file));
});

it('lists every component there is', () => {
  expect(listedComponents().sort()).toEqual(componentFolders());
});
