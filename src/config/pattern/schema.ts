import { z } from 'zod';
import { LinearPattern } from './linear-pattern.ts';

/** Setting: a regular expression that is asked about texts of others, however long they are. */
export function linearPattern() {
  return z
    .string()
    .min(1)
    .transform((text, context) => {
      try {
        return new LinearPattern(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
        return z.NEVER;
      }
    });
}
