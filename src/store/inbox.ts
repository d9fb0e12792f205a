import type { FileCommand } from '../protocol.js';

/** Commands that belong to the job that is done: they are waited for. */
export type JobCommand = Extract<FileCommand, { type: 'save' | 'restore' | 'flows' | 'load' | 'more' | 'numbered' }>;

/** What the other thread sends, to be waited for. */
export class Inbox {
  private readonly commands: JobCommand[] = [];
  private waiting: ((command: JobCommand) => void) | null = null;

  put(command: JobCommand): void {
    const { waiting } = this;
    this.waiting = null;
    if (waiting) waiting(command);
    else this.commands.push(command);
  }

  next(): Promise<JobCommand> {
    const command = this.commands.shift();
    if (command) return Promise.resolve(command);
    return new Promise((done) => {
      this.waiting = done;
    });
  }
}
