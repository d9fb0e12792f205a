import vm from 'node:vm';

/** Milliseconds that a user's regular expression may take over one text. */
const PATIENCE = 1000;

/** What node:vm throws is of another realm, so it is no Error of ours. */
function isLate(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}

/** A user's expression that cannot be waited for. */
export class Endless extends Error {
  constructor(source: string, { text }: Deadline) {
    super(`the expression ${source} did not end within ${text} on one text`);
  }
}

/**
 * Runs what may never end. A regular expression cannot be stopped by the thread it runs in; node:vm stops whatever is
 * called from one of its scripts. A call costs some 0.15 ms, so many steps share one.
 */
export class Deadline {
  private readonly global: { work: (() => void) | null } = { work: null };
  private readonly context = vm.createContext(this.global);
  private readonly script = new vm.Script('work()');

  constructor(private readonly patience = PATIENCE) {}

  /** What one step may take, in words. */
  get text(): string {
    return `${this.patience / 1000} s`;
  }

  /** Does the steps in turn, some of them twice. Returns the number of the one that did not end, or null. */
  run(count: number, step: (at: number) => void): number | null {
    let at = 0;
    const go = (): void => {
      for (; at < count; at += 1) step(at);
    };
    while (at < count) {
      const first = at;
      // What was cut short behind others has all the time once more.
      if (!this.isMetBy(go) && at === first) return at;
    }
    return null;
  }

  /** Whether it ended within the time of one step. */
  isMetBy(work: () => void): boolean {
    this.global.work = work;
    try {
      this.script.runInContext(this.context, { timeout: this.patience });
      return true;
    } catch (error) {
      if (!isLate(error)) throw error;
      return false;
    } finally {
      this.global.work = null;
    }
  }
}
