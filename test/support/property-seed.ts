import fc from 'fast-check';

/**
 * Property tests draw the same cases in every run, so that a change is judged by itself; `FC_SEED=random` explores, and
 * `FC_SEED=NUMBER` runs what a failure printed.
 */
const asked = process.env.FC_SEED ?? '20261121';
if (asked !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(asked) });
