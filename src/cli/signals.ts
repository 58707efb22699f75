/** Resolves with the name of the first signal that asks the process to end, and ends it at once at the second. */
export interface Signals {
  readonly end: Promise<NodeJS.Signals>;
  /** Stops listening. */
  close(): void;
}

export interface SignalHandlers {
  /** SIGHUP: read rules and lists again. */
  reload(): void;
  /** A second SIGTERM or SIGINT while the first one is being followed. */
  abort(signal: NodeJS.Signals): void;
}

const ENDING = ['SIGTERM', 'SIGINT'] as const;

export function watchSignals(target: NodeJS.EventEmitter, { reload, abort }: SignalHandlers): Signals {
  let asked = false;
  let resolveEnd: (signal: NodeJS.Signals) => void;
  const end = new Promise<NodeJS.Signals>((resolve) => {
    resolveEnd = resolve;
  });
  const onEnd = (signal: NodeJS.Signals) => {
    if (asked) abort(signal);
    asked = true;
    resolveEnd(signal);
  };
  for (const signal of ENDING) target.on(signal, onEnd);
  target.on('SIGHUP', reload);
  return {
    end,
    close: () => {
      for (const signal of ENDING) target.off(signal, onEnd);
      target.off('SIGHUP', reload);
    },
  };
}
