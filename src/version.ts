import { readFileSync } from 'node:fs';

/** Version of the package; one level up from `src/` as well as from `dist/`. */
export const VERSION: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
