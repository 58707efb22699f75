import type { LocalTime } from './evaluate/conditions.ts';

/** Wall clock of this process's time zone, for `time` and `weekday` conditions. */
export function localTime(timeMs: number): LocalTime {
  const date = new Date(timeMs);
  return { minutes: date.getHours() * 60 + date.getMinutes(), weekday: date.getDay() };
}
