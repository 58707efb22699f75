import { isUtf8 } from 'node:buffer';

/**
 * The texts that rules expect, one for each event. No output at all is an event too: the last line has disappeared.
 * `full_command`: header, newline, output (without trailing newline, so for no output the header alone).
 * `command`: header, blank, line; an empty line gives the header and the blank.
 */
export function formatMessages(
  format: 'full_command' | 'command',
  alias: string,
  output: Buffer,
): (string | Uint8Array)[] {
  const header = `ossec: output: '${alias}':`;
  if (format === 'full_command') {
    return [output.length === 0 ? header : toBody(Buffer.concat([Buffer.from(`${header}\n`), output]))];
  }
  return splitLines(output).map((line) => toBody(Buffer.concat([Buffer.from(`${header} `), line])));
}

/** Text where it is text; otherwise the bytes as they are. */
function toBody(bytes: Buffer): string | Uint8Array {
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes;
}

function splitLines(output: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = output.indexOf(10); end >= 0; end = output.indexOf(10, start)) {
    lines.push(output.subarray(start, end));
    start = end + 1;
  }
  lines.push(output.subarray(start));
  return lines;
}
