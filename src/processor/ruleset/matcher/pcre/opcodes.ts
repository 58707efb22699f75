/**
 * Operations of the backtracking machine; the operands follow in the code array. A memo is the number of a state whose
 * failures at a place may be remembered, -1 where that is not allowed.
 */
export const OP = {
  /** set */
  SET: 0,
  /** Byte in either of two cases: byte, byte. */
  BYTE: 1,
  /** set, min, max, memo, memo of what follows: greedy run of one set. */
  RUN: 2,
  RUN_LAZY: 3,
  RUN_POSSESSIVE: 4,
  /** second, memo: go on, on failure at `second`. */
  SPLIT: 5,
  /** second, memo: go on at `second`, on failure here. */
  SPLIT_LAZY: 6,
  JUMP: 7,
  /** slot: store the place. */
  SAVE: 8,
  /** slot, target: jump when no byte was taken since the place in the slot. */
  JUMP_IF_EMPTY: 9,
  /** assertion */
  ASSERT: 10,
  /** slot: remember the height of the stack. */
  ATOMIC: 11,
  /** slot: forget the choices made since. */
  COMMIT_ATOMIC: 12,
  /** height slot, place slot: forget the choices and go back to the place. */
  LOOK_END: 13,
  /**
   * height slot, place slot, target: end of a negative look-around that was found; undo all since, then fail, or go on
   * at the target when it is not -1.
   */
  NOT_END: 14,
  /** count: go back by bytes or fail. */
  BACK: 15,
  /** first entry in the reference table, count, caseless. */
  REFERENCE: 16,
  /** target, group */
  CALL: 17,
  /** group: end of a group that is called somewhere. */
  RETURN: 18,
  /** first entry in the reference table, count, target when none is set. */
  UNLESS_SET: 19,
  /** group or -1, target when not inside a call of it. */
  UNLESS_CALLED: 20,
  FAIL: 21,
  ACCEPT: 22,
  COMMIT: 23,
  PRUNE: 24,
  SKIP: 25,
  KEEP: 26,
  MATCH: 27,
  /** slot of the opening place, group */
  CLOSE_GROUP: 28,
} as const;
