import type { FlowId } from '../flow/flow.js';
import type { Finished } from '../flow/image.js';
import { stateIn } from '../journal/decode.js';
import { finishedOf } from '../journal/image.js';
import { Places, segmentOf } from '../journal/places.js';
import type { FlowReader } from './flowreader.js';
import { SegmentFiles } from './segmentfiles.js';

/** The flows of the session, which the proxy's thread writes: it says where. */
export class Session implements FlowReader {
  readonly places = new Places();
  /** Folders of segments that were taken in. */
  private readonly folders = new Map<number, string>();
  private folder = '';
  private readonly files = new SegmentFiles((segment) => this.folders.get(segment) ?? this.folder);

  /** Where segments are that are not known to be elsewhere. */
  begin(folder: string): void {
    this.folder = folder;
  }

  /** A segment is in memory, or no longer. */
  hold(segment: number, memory: SharedArrayBuffer | null): void {
    this.files.hold(segment, memory);
  }

  takeIn(segments: ReadonlyMap<number, string>): void {
    for (const [segment, folder] of segments) this.folders.set(segment, folder);
  }

  ids(): readonly FlowId[] {
    return this.places.ids();
  }

  read(id: FlowId): Finished | null {
    const place = this.places.get(id);
    const record = place === null ? null : this.files.read(place);
    if (place === null || !record || record.id !== id) return null;
    const state = stateIn(record, this.files);
    return state && finishedOf(state, this.files.folderOf(segmentOf(place)));
  }
}
