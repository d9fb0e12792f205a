import type { FlowId } from '../flow/flow.js';
import type { FlowFilter } from '../flow/flowfilter.js';
import type { ProxyEvent } from '../protocol.js';
import type { Context } from './context.js';
import type { Files } from './files.js';
import type { Record } from './shelf.js';

/** Milliseconds between two writes. */
const PAUSE = 500;

/** Appends flows to a file as they finish (NF-10, OPT-18, OPT-19). */
export class StreamSave {
  private ids: FlowId[] = [];
  private timer: NodeJS.Timeout | null = null;
  private path: string | null = null;
  private isBegun = false;

  constructor(
    private readonly context: () => Context,
    private readonly files: Files,
    private readonly say: (event: ProxyEvent) => void,
  ) {}

  /** A flow is over. */
  finished(record: Record, filter: FlowFilter | null): void {
    const { save_stream_file: file, server } = this.context().options;
    if (file === null || !server || /\.z?har$/.test(file)) return; // a HAR is written as a whole
    if (filter && !filter(record.picture())) return;
    this.ids.push(record.id);
    this.timer ??= setTimeout(() => this.write(() => {}), PAUSE);
  }

  /** Writes what there is; `done` is called when it is on disk. */
  stop(done: () => void): void {
    if (this.ids.length === 0) done();
    else this.write(done);
  }

  private write(done: () => void): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const { save_stream_file: file, dump_version: version } = this.context().options;
    const { ids } = this;
    this.ids = [];
    if (file === null || ids.length === 0) return done();
    if (file !== this.path) this.isBegun = false;
    this.path = file;
    const path = this.isBegun && !file.startsWith('+') ? `+${file}` : file;
    this.isBegun = true;
    this.files.save(ids, { path, format: 'mitm', version: Number(version) }, (event) => {
      if (event.type === 'refused') this.failed(event.reason);
      done();
    });
  }

  /** Flows are never left out in silence. */
  private failed(reason: string): void {
    this.context().log('error', `save_stream_file: ${reason}`);
    this.say({ type: 'refused', command: 'save-flows', reason: `save_stream_file: ${reason}` });
  }
}
