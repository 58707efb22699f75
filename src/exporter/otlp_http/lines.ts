import { createReadStream } from 'node:fs';

/** Lines of a UTF-8 file as JSON Lines has them: ended by LF alone (`node:readline` also ends them at U+2028). */
export async function* readLines(path: string): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      yield Buffer.concat(parts).toString();
      parts = [];
      start = end + 1;
    }
    parts.push(chunk.subarray(start));
  }
  const last = Buffer.concat(parts).toString();
  if (last !== '') yield last;
}
