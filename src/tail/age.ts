/**
 * By time of the last change. File systems round it to some milliseconds; where it cannot tell, `x.2` is older than `x.1`,
 * and that is older than `x`, also where it is a copy and so was created later. Last counts the time of creation.
 */
export function compareAge(a: Aged, b: Aged): number {
  if (a.mtimeNs !== b.mtimeNs) return a.mtimeNs < b.mtimeNs ? -1 : 1;
  const rotation = rotationOf(b) - rotationOf(a);
  if (rotation !== 0) return rotation;
  return a.birthtimeNs === b.birthtimeNs ? 0 : a.birthtimeNs < b.birthtimeNs ? -1 : 1;
}

export interface Aged {
  currentPath: string;
  mtimeNs: bigint;
  birthtimeNs: bigint;
}

function rotationOf({ currentPath }: Aged): number {
  return Number(/\.(\d{1,4})$/.exec(currentPath)?.[1] ?? -1);
}
