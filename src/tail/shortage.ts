const CODES = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);

/** The system has run out of something for now, which says nothing about the file that was asked for. */
export function isShortage(error: unknown): boolean {
  return error instanceof Error && CODES.has((error as NodeJS.ErrnoException).code ?? '');
}
