/** Texts up to this length, fields mostly, have a buffer of their own, so that they do not drive the log out. */
const SHORT = 64;
const LONG = 65536;

const shortBuffer = new Uint8Array(SHORT + 1);
const longBuffer = Buffer.allocUnsafeSlow(LONG + 1);
let shortText = '';
let longText = '';
let longBytes: Uint8Array = longBuffer;

/**
 * The bytes of a text with a zero byte behind them, then anything; valid until the next call. Walking over an array costs
 * half of walking over a string that is a slice of another, and one event's log is walked over many times.
 */
export function bytesOf(text: string): Uint8Array {
  return text.length <= SHORT ? shortBytesOf(text) : longBytesOf(text);
}

function shortBytesOf(text: string): Uint8Array {
  if (text === shortText) return shortBuffer;
  shortText = text;
  const { length } = text;
  for (let index = 0; index < length; index++) shortBuffer[index] = text.charCodeAt(index);
  shortBuffer[length] = 0;
  return shortBuffer;
}

function longBytesOf(text: string): Uint8Array {
  if (text === longText) return longBytes;
  longText = text;
  const buffer = text.length > LONG ? Buffer.allocUnsafe(text.length + 1) : longBuffer;
  buffer.write(text, 0, 'latin1');
  buffer[text.length] = 0;
  longBytes = buffer;
  return longBytes;
}
