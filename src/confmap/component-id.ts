/** `type` or `type/name`. */
export interface ComponentId {
  readonly type: string;
  readonly name: string;
}

/** Undefined where the text is no id. */
export function parseComponentId(id: string): ComponentId | undefined {
  const match = /^([A-Za-z][A-Za-z0-9_]{0,62})(?:\/([^\x00-\x20\x7f]{1,1024}))?$/.exec(id);
  return match ? { type: match[1], name: match[2] ?? '' } : undefined;
}
