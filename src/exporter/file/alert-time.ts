const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `2026-11-20T23:07:51.402+0000`, local time of this process, as alerts.json has it. */
export function formatJsonTime(epochMs: number): string {
  const time = new Date(epochMs);
  const offset = -time.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day}T${clockOf(time)}.${String(time.getMilliseconds()).padStart(3, '0')}${zone}`;
}

/** `2026 Nov 20 23:07:51`, local time of this process, as alerts.log and the notices have it. */
export function formatTextTime(epochMs: number): string {
  const time = new Date(epochMs);
  return `${time.getFullYear()} ${MONTHS[time.getMonth()]} ${two(time.getDate())} ${clockOf(time)}`;
}

function clockOf(time: Date): string {
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
