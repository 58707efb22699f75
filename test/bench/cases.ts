import { ENGINE_CASES } from './engine/cases.ts';
import type { BenchCase } from './runner/case.ts';

/** Every case of `npm run bench`, in the order of the table. */
export const ALL_CASES: readonly BenchCase[] = [...ENGINE_CASES];
