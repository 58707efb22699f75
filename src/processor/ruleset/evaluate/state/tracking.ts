/**
 * Whether changes are noted for a store to follow. Without a store nobody would ever fetch them, and the notes would
 * grow with every event.
 */
export interface Tracking {
  enabled: boolean;
}
