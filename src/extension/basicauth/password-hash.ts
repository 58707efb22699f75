import { createHash, timingSafeEqual } from 'node:crypto';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const MAX_ROUNDS = 100_000;
/** About a third of a second. */
const MAX_BCRYPT_COST = 12;

/** Checks a password against one entry of an htpasswd file. */
export type PasswordCheck = (password: string) => boolean | Promise<boolean>;

/** The check of an entry, or why there is none. Known: `{SHA}`, `{SSHA}`, `$apr1$`, `$1$`, `$5$`, `$6$`, bcrypt and plain text. */
export function createPasswordCheck(entry: string): PasswordCheck | string {
  if (entry.startsWith('{SHA}')) return ldapCheck(entry.slice(5), false);
  if (entry.startsWith('{SSHA}')) return ldapCheck(entry.slice(6), true);
  const parts = /^\$(apr1|1|5|6)\$(?:rounds=(\d+)\$)?([^$]{1,16})\$([./0-9A-Za-z]+)$/.exec(entry);
  if (parts) {
    const [, kind, roundsText, salt] = parts;
    const rounds = Number(roundsText ?? 5000);
    if (rounds < 1000 || rounds > MAX_ROUNDS) return `rounds must be between 1000 and ${MAX_ROUNDS}`;
    const crypt = kind === 'apr1' || kind === '1' ? md5Crypt : shaCrypt;
    return (password) =>
      isEqual(Buffer.from(crypt(kind, password, salt, rounds, roundsText !== undefined)), Buffer.from(entry));
  }
  if (/^\$2[a-z]?\$/.test(entry)) return bcryptCheck(entry);
  if (/^[${]/.test(entry)) return 'this kind of hash is not supported; make the entry with `openssl passwd -6`';
  return entry === ''
    ? 'the password is empty'
    : (password) => isEqual(digest('sha256', password), digest('sha256', entry));
}

function bcryptCheck(entry: string): PasswordCheck | string {
  const cost = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(entry)?.[1];
  if (cost === undefined) return 'this is no bcrypt hash ($2a$, $2b$ or $2y$, the cost and 53 characters)';
  if (Number(cost) < 4 || Number(cost) > MAX_BCRYPT_COST) {
    return `the cost of a bcrypt hash must be between 4 and ${MAX_BCRYPT_COST}: each step doubles the time of a check`;
  }
  return async (password) => (await import('bcryptjs')).default.compare(password, entry);
}

function ldapCheck(base64: string, salted: boolean): PasswordCheck | string {
  const bytes = Buffer.from(base64, 'base64');
  if (salted ? bytes.length <= 20 : bytes.length !== 20) return 'the hash has the wrong length';
  const expected = bytes.subarray(0, 20);
  const salt = bytes.subarray(20);
  return (password) => isEqual(digest('sha1', password, salt), expected);
}

/** The MD5 scheme of FreeBSD's crypt and, under its own name, of Apache. */
function md5Crypt(kind: string, password: string, salt: string): string {
  const word = Buffer.from(password);
  const shortSalt = salt.slice(0, 8);
  const alternate = digest('md5', word, shortSalt, word);
  const bits: Buffer[] = [];
  for (let left = word.length; left > 0; left >>= 1) bits.push(left & 1 ? Buffer.from([0]) : word.subarray(0, 1));
  let sum = digest('md5', word, `$${kind}$`, shortSalt, repeat(alternate, word.length), ...bits);
  for (let round = 0; round < 1000; round++) sum = digest('md5', ...mix(round, word, Buffer.from(shortSalt), sum));
  const order = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5];
  return `$${kind}$${shortSalt}$${encode(sum, order)}${encodeBits(sum[11], 2)}`;
}

/** The SHA-256 and SHA-512 schemes of glibc's crypt. */
function shaCrypt(kind: string, password: string, salt: string, rounds: number, explicit: boolean): string {
  const algorithm = kind === '5' ? 'sha256' : 'sha512';
  const word = Buffer.from(password);
  const alternate = digest(algorithm, word, salt, word);
  const bits: Buffer[] = [];
  for (let left = word.length; left > 0; left >>= 1) bits.push(left & 1 ? alternate : word);
  let sum = digest(algorithm, word, salt, repeat(alternate, word.length), ...bits);
  const words = repeat(digest(algorithm, ...new Array<Buffer>(word.length).fill(word)), word.length);
  const salts = repeat(digest(algorithm, ...new Array<string>(16 + sum[0]).fill(salt)), salt.length);
  for (let round = 0; round < rounds; round++) sum = digest(algorithm, ...mix(round, words, salts, sum));
  const prefix = `$${kind}$${explicit ? `rounds=${rounds}$` : ''}${salt}$`;
  if (kind === '5')
    return prefix + encode(sum, rotated(10, [0, 10, 20], true)) + encodeBits((sum[31] << 8) | sum[30], 3);
  return prefix + encode(sum, rotated(21, [0, 21, 42], false)) + encodeBits(sum[63], 2);
}

/** What one round takes in; the same in all three schemes. */
function mix(round: number, word: Buffer, salt: Buffer, sum: Buffer): Buffer[] {
  const parts = [round & 1 ? word : sum];
  if (round % 3 !== 0) parts.push(salt);
  if (round % 7 !== 0) parts.push(word);
  parts.push(round & 1 ? sum : word);
  return parts;
}

/** Order of bytes in the text of the SHA schemes: three columns that change places in every row. */
function rotated(rows: number, columns: readonly number[], backwards: boolean): number[] {
  const order: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let place = 0; place < 3; place++) {
      const shift = backwards ? 3 - (row % 3) : row % 3;
      order.push(columns[(place + shift) % 3] + row);
    }
  }
  return order;
}

function encode(bytes: Buffer, order: readonly number[]): string {
  let text = '';
  for (let index = 0; index < order.length; index += 3) {
    text += encodeBits((bytes[order[index]] << 16) | (bytes[order[index + 1]] << 8) | bytes[order[index + 2]], 4);
  }
  return text;
}

function encodeBits(value: number, characters: number): string {
  let text = '';
  for (let left = value, index = 0; index < characters; index++, left >>= 6) text += ALPHABET[left & 63];
  return text;
}

function repeat(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, length === 0 ? undefined : bytes);
}

function digest(algorithm: string, ...parts: readonly (Buffer | string)[]): Buffer {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function isEqual(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
