/**
 * At most so many characters of a text, in memory of their own: a part of a text is a reference into it, and kept for long
 * it would keep all of it, so that a bound on its length would bound nothing.
 */
export function cutText(text: string, max: number): string {
  // A round trip through JSON keeps every text as it is, halves of characters included.
  return text.length <= max ? text : (JSON.parse(JSON.stringify(text.slice(0, max))) as string);
}
