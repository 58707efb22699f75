import { ENGINE_CASES } from './engine/cases.ts';
import { PIPELINE_CASES } from './pipeline/cases.ts';
import type { BenchCase } from './runner/case.ts';

/** Every case of `npm run bench`, in the order of the table. */
export const ALL_CASES: readonly BenchCase[] = [...ENGINE_CASES, ...PIPELINE_CASES];
