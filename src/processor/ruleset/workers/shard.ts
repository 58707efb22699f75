/** The worker that evaluates what an agent sends: always the same one while their number stays. */
export function shardOf(agentId: string, workers: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < agentId.length; index++) {
    hash = Math.imul(hash ^ agentId.charCodeAt(index), 0x01000193);
  }
  // The low bits of names that end in numbers are much alike.
  hash ^= hash >>> 16;
  return (Math.imul(hash, 0x85ebca6b) >>> 8) % workers;
}
