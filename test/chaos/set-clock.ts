import { readFileSync } from 'node:fs';

/**
 * Loaded into the program by its tests (`node --import`): the clock that the program reads is off by the milliseconds in
 * a file, which is read at the start and on SIGUSR2. Timers go on, as they do when an operator or NTP sets a clock.
 */
const file = process.env.OTEL_HIDS_TEST_CLOCK;
if (file !== undefined) {
  const realNow = Date.now;
  const realOrigin = performance.timeOrigin;
  let offset = 0;
  const read = () => {
    offset = Number(readFileSync(file, 'utf8')) || 0;
  };
  read();
  process.on('SIGUSR2', read);
  Date.now = () => realNow() + offset;
  Object.defineProperty(performance, 'timeOrigin', { get: () => realOrigin + offset });
}
