import type { FlatPoint } from './child.ts';

const WIDTH = 760;
const HEIGHT = 380;
const LEFT = 56;
const RIGHT = 200;
const TOP = 24;
const BOTTOM = 48;
const COLOURS = ['#1b6ca8', '#c0392b', '#2e8b57', '#8e44ad', '#b9770e'];

/** A line for each series: microseconds for an event over the number of things, which is drawn by its logarithm. */
export function drawFlat(points: readonly FlatPoint[]): string {
  const largest = Math.max(...points.map(({ count }) => count));
  const decades = Math.max(1, Math.ceil(Math.log10(largest)));
  const highest = niceCeiling(Math.max(...points.map(({ microseconds }) => microseconds.median)));
  const x = (count: number) => LEFT + (Math.log10(count) / decades) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - (value / highest) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    '<title>Microseconds for an event over the number of things</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...gridOf(decades, highest, x, y),
  ];
  const names = [...new Set(points.map(({ series }) => series))];
  for (const [index, name] of names.entries()) {
    const colour = COLOURS[index % COLOURS.length]!;
    const own = points.filter(({ series }) => series === name);
    const at = own.map(({ count, microseconds }) => `${round(x(count))},${round(y(microseconds.median))}`);
    parts.push(`<polyline points="${at.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const spot of at) {
      const [cx, cy] = spot.split(',');
      parts.push(`<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`);
    }
    const top = TOP + 14 + index * 20;
    const legend = WIDTH - RIGHT + 16;
    parts.push(
      `<rect x="${legend}" y="${top - 9}" width="12" height="10" fill="${colour}"/>`,
      `<text x="${legend + 18}" y="${top}" fill="#222222">${escapeText(name)}</text>`,
    );
  }
  return `${[...parts, '</svg>'].join('\n')}\n`;
}

function gridOf(
  decades: number,
  highest: number,
  x: (count: number) => number,
  y: (value: number) => number,
): string[] {
  const parts: string[] = [];
  for (let step = 0; step <= 4; step++) {
    const value = (highest * step) / 4;
    const at = round(y(value));
    parts.push(
      `<line x1="${LEFT}" y1="${at}" x2="${WIDTH - RIGHT}" y2="${at}" stroke="#dddddd"/>`,
      `<text x="${LEFT - 6}" y="${at + 4}" text-anchor="end" fill="#444444">${value}</text>`,
    );
  }
  for (let decade = 0; decade <= decades; decade++) {
    const at = round(x(10 ** decade));
    parts.push(
      `<line x1="${at}" y1="${TOP}" x2="${at}" y2="${HEIGHT - BOTTOM}" stroke="#eeeeee"/>`,
      `<text x="${at}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle" fill="#444444">${nameOf(10 ** decade)}</text>`,
    );
  }
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  return [
    ...parts,
    `<text x="${middle}" y="${HEIGHT - 10}" text-anchor="middle" fill="#222222">how many there are</text>`,
    `<text x="12" y="${TOP - 8}" fill="#222222">µs for an event</text>`,
  ];
}

export function nameOf(count: number): string {
  if (count >= 1_000_000) return `${count / 1_000_000} M`;
  return count >= 1000 ? `${count / 1000} k` : String(count);
}

/** 4, 8, 20, 40 ...: a quarter of it is a round number. */
function niceCeiling(value: number): number {
  for (let unit = 4; ; unit *= 10) for (const factor of [1, 2, 5]) if (unit * factor >= value) return unit * factor;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const round = (value: number): number => Math.round(value * 10) / 10;
