import fs from 'node:fs';

/** Appends TLS secrets to a file for its owner only, in the format of NSS (ENV-03, TL-13). */
export class KeyLog {
  private readonly fd: number;
  /** Whether somebody was told that secrets are written. */
  isTold = false;

  /** Throws a sentence. */
  constructor(readonly file: string) {
    try {
      this.fd = fs.openSync(file, 'a', 0o600);
      if (fs.fstatSync(this.fd).isFile()) fs.fchmodSync(this.fd, 0o600);
    } catch (error) {
      throw new Error(`TLS secrets cannot be written to ${file}: ${(error as Error).message}`);
    }
  }

  /** `line` ends with a newline. What cannot be written is lost: a full disk must not end a connection. */
  write(line: Buffer): void {
    try {
      fs.writeSync(this.fd, line);
    } catch {
      // the file stays shorter
    }
  }
}
