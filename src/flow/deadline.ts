import vm from 'node:vm';

/** Runs what may never end. A thread cannot stop itself, but what runs under `node:vm` is stopped from outside. */
export class Deadline {
  private task = (): void => {};
  private readonly script = new vm.Script('run()');
  private readonly context = vm.createContext({ run: () => this.task() });

  /** Whether it ended within so many milliseconds. Starting it costs some 100 µs, so many small things are done in one go. */
  isMetBy(task: () => void, milliseconds: number): boolean {
    this.task = task;
    try {
      this.script.runInContext(this.context, { timeout: milliseconds });
      return true;
    } catch (error) {
      if (codeOf(error) === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
      throw error;
    }
  }
}

/** The error is one of the other context, so that it is no `Error` here. */
function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
}
