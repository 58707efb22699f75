/** Measures one case in this process and prints the result as JSON; started by `run.ts`. */
import { boundHeap } from '../../../src/heap.ts';
import { ALL_CASES } from '../cases.ts';
import { measureCase } from './measure.ts';

// As the program itself does.
boundHeap(process.execArgv, process.env.NODE_OPTIONS);
const [name, runs, seconds] = process.argv.slice(2);
const bench = ALL_CASES.find((each) => each.name === name);
if (!bench) throw new Error(`there is no benchmark "${name}"`);
const workload = await bench.prepare();
if (workload) {
  const result = await measureCase(bench, workload, { runs: Number(runs), seconds: Number(seconds) });
  await workload.close?.();
  process.stdout.write(JSON.stringify(result));
}
