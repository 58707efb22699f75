export const REDACTED = '[REDACTED]';

/**
 * Leaves out passwords inside any text: `scheme://user:password@host` and `?password=...`. Rather too much than too little: a
 * password that should have been escaped (`p@ss`, `a/b`) goes whole, at the price of what else stands before the last `@`.
 */
export function redactUrl(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]{0,31}:\/\/)([^\s/:@]{0,256}):([^\s"'<>]{0,512})@/gi, `$1$2:${REDACTED}@`)
    .replace(/([?&](?:password|token|secret|api_?key|access_token)=)[^\s&#"]*/gi, `$1${REDACTED}`);
}
