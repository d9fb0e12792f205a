import type { Recording } from './recording.js';

/** Says whether a sender should pause since the disk is behind with what came of it, and when that is over. */
export class Brake {
  private waitingFor: Recording | null = null;

  constructor(private readonly relieved: () => void) {}

  holds(recording: Recording | null | undefined): boolean {
    if (!recording?.isBehind) return false;
    if (this.waitingFor !== recording) recording.relieved(() => this.released(recording));
    this.waitingFor = recording;
    return true;
  }

  private released(recording: Recording): void {
    if (this.waitingFor === recording) this.waitingFor = null;
    this.relieved();
  }
}
