/**
 * Gives the memory of bytes back at once, instead of when they are collected: a busy program makes megabytes of such
 * garbage between two collections. They are empty from then on. Nobody else may use them, and no native call may be under
 * way with them. Where they are a part of a larger buffer, nothing happens.
 */
export function releaseBytes({ buffer, byteLength }: Uint8Array): void {
  if (byteLength > 0 && buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
