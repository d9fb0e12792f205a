import type { FlowId } from '../flow/flow.js';
import type { Finished } from '../flow/image.js';
import type { FlowReader } from './flowreader.js';
import type { Standing } from './formats/mitmproxy/dump.js';
import type { IndexedFile } from './indexedfile.js';

/** The flows that stay in the files they were loaded from. */
export class Outside implements FlowReader {
  /** Numbers ascend from one file to the next. */
  private readonly files: IndexedFile[] = [];
  /** Flows that somebody else has now, or nobody. */
  private readonly gone = new Set<FlowId>();

  add(file: IndexedFile): void {
    this.files.push(file);
  }

  /** Every flow, oldest first, from that place on among all there ever were. */
  *from(place: number): Generator<FlowId> {
    let skipped = 0;
    for (const file of this.files) {
      for (let index = Math.max(0, place - skipped); index < file.length; index += 1) {
        const id = file.idAt(index);
        if (!this.gone.has(id)) yield id;
      }
      skipped += file.length;
    }
  }

  get size(): number {
    return this.files.reduce((sum, file) => sum + file.length, 0) - this.gone.size;
  }

  ids(): readonly FlowId[] {
    return [...this.from(0)];
  }

  read(id: FlowId): Finished | null {
    try {
      return this.gone.has(id) ? null : this.recall(id);
    } catch {
      return null; // the file is not what it was; whoever asks for this one flow is told
    }
  }

  /** Also one that is gone: to be saved as it was. Throws a FileFailure. */
  recall(id: FlowId): Finished | null {
    return this.files.find((file) => file.has(id))?.read(id) ?? null;
  }

  /** The flow as it stands in its file, if that is a dump of this version. Throws a FileFailure. */
  standing(id: FlowId, version: number): Standing | null {
    return this.files.find((file) => file.has(id))?.standing(id, version) ?? null;
  }

  /** They are here again. */
  takeBack(ids: readonly FlowId[]): void {
    for (const id of ids) this.gone.delete(id);
  }

  /** They are not here any more. */
  release(ids: readonly FlowId[]): void {
    for (const id of ids) this.gone.add(id);
  }
}
