import { parseArgs } from 'node:util';
import { formatLoad, growth, TOLERANCE, writeLoad } from './report.ts';
import { runLoad } from './run.ts';

/** `npm run load -- --events 10000000 --report docs/reliability.md`; status 1 where the memory grew. */
const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    hosts: { type: 'string', default: '30000' },
    parts: { type: 'string', default: '10' },
    report: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
  },
});

const events = Number(values.events);
const hosts = Number(values.hosts);
const part = events / Number(values.parts);
for (const value of [events, hosts, part]) {
  if (!Number.isSafeInteger(value) || (value < 1000 && value !== hosts) || value < 1)
    throw new Error('--events, --hosts and a part are whole numbers from 1000 on');
}
const set = Object.fromEntries(values.set.map((text) => [text.split('=')[0]!, text.slice(text.indexOf('=') + 1)]));
const started = performance.now();
const result = await runLoad({
  events,
  hosts,
  part,
  set,
  onPart(done, rss) {
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`${done.toLocaleString('en-US')} events, ${seconds} s, RSS ${Math.round(rss / 1e6)} MB`);
  },
});
console.log(formatLoad(result));
if (values.report !== undefined) writeLoad(values.report, result);
if (Math.abs(growth(result) - 1) > TOLERANCE) {
  console.error('the memory did not stay what it was after the first part');
  process.exitCode = 1;
}
