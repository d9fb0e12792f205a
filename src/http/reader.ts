import { type Field, type Fields, isBlank, trimBlanks } from '../flow/fields.js';
import type { HttpVersion } from '../flow/flow.js';
import { type Framing, Malformed, requestFraming, responseFraming } from './framing.js';

import parser = require('http-parser-js');

const { HTTPParser } = parser;

/*
 * A strict HTTP/1 reader on top of http-parser-js (RFC 9112). The stock parser forgives what a proxy must not: it
 * clears the high bit of field values, drops lines it does not understand and takes junk for chunk sizes. Every state
 * that reads a line is replaced here; the package keeps the loop and the body states.
 */

export interface RawRequestHead {
  readonly method: string;
  readonly target: string;
  readonly version: HttpVersion;
  readonly fields: Fields;
}

export interface RawResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly version: HttpVersion;
  readonly fields: Fields;
}

/** What a reader states, in the order of the bytes. After `malformed` nothing follows. */
export interface Statements<Head> {
  head(head: Head, framing: Framing): void;
  /** A chunk-size line was read; `size` bytes of data follow in one or more `data`. Not called for the last chunk. */
  chunk(size: number): void;
  data(bytes: Uint8Array): void;
  trailers(fields: Fields): void;
  end(): void;
  /** `raw` is the start of the offending head as it came, empty when the head was fine. */
  malformed(reason: string, raw: string): void;
}

export interface Limits {
  /** Bytes of a head. */
  readonly head: number;
  readonly fields: number;
  /** Bytes of a chunk-size line with its extensions. */
  readonly chunkLine: number;
  /** Bytes of a trailer section. */
  readonly trailers: number;
  /** Accept what can be framed without doubt although it breaks the grammar. */
  readonly tolerant: boolean;
}

export const DEFAULT_LIMITS: Limits = {
  head: 65_536,
  fields: 256,
  chunkLine: 16_384,
  trailers: 65_536,
  tolerant: false,
};

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e\\x80-\\xff]+) HTTP/1\\.([01])$`);
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const NAME = new RegExp(`^${TOKEN}$`);
const FIELD = new RegExp(`^${TOKEN}:[\\t\\x20-\\x7e\\x80-\\xff]*$`);
const TOLERANT_VALUE = /^[^\0\r\n]*$/;
const CHUNK_LINE = /^([0-9A-Fa-f]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const CR = 13;
const BLANK_LINES_BEFORE_REQUEST = 2;
const RAW_KEPT = 8192;

HTTPParser.encoding = 'latin1';

/** What is used of the package's parser; its own types hide most of it. */
interface PackageParser {
  chunk: Buffer;
  offset: number;
  end: number;
  line: string;
  state: string;
  body_bytes: number | null;
  maxHeaderSize: number;
  initialize(kind: Kind): void;
  execute(bytes: Buffer): number | Error;
  BODY_SIZED(): void;
}

type Kind = 'REQUEST' | 'RESPONSE';

const PackageParser = HTTPParser as unknown as new (kind: Kind) => PackageParser;

function quoted(line: string): string {
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}…` : line);
}

/** A name may have blanks around it, but none at the start of the line, and a value may be anything. */
function isTolerable(line: string, name: string, value: string): boolean {
  return NAME.test(name) && TOLERANT_VALUE.test(value) && !isBlank(line.charCodeAt(0));
}

/** A parser of one side of a connection: requests, or the responses to known methods. */
abstract class StrictParser<Head> extends PackageParser {
  protected fields: Field[] = [];
  private trailerFields: Field[] = [];
  private budget: number;
  /** A message has ended, so that the loop stops before the next one. */
  stopped = false;
  inHead = true;

  constructor(
    private readonly kind: Kind,
    protected readonly out: Statements<Head>,
    protected readonly limits: Limits,
  ) {
    super(kind);
    this.maxHeaderSize = Number.MAX_SAFE_INTEGER;
    this.budget = limits.head;
  }

  /** Called by the package with bytes of a body. */
  [HTTPParser.kOnBody](bytes: Buffer): void {
    this.out.data(bytes);
  }

  /** Nothing of the next message has come yet. */
  get isIdle(): boolean {
    return this.line === '' && this.state === `${this.kind}_LINE`;
  }

  /** One line without its CRLF, or undefined when it is not complete yet. */
  protected consumeLine(): string | undefined {
    const start = this.offset;
    const at = this.chunk.indexOf(10, start);
    const stop = at < 0 ? this.end : at + 1;
    this.budget -= stop - start;
    if (this.budget < 0)
      throw new Malformed(this.inHead ? 'the head is too large' : 'a chunk line or trailer is too large');
    this.offset = stop;
    if (at < 0) {
      this.line += this.chunk.toString('latin1', start, stop);
      return undefined;
    }
    if (this.line === '' && at > start && this.chunk[at - 1] === CR)
      return this.chunk.toString('latin1', start, at - 1);
    const line = this.line + this.chunk.toString('latin1', start, at);
    this.line = '';
    if (line.charCodeAt(line.length - 1) === CR) return line.slice(0, -1);
    if (!this.limits.tolerant) throw new Malformed(`a line ends in a bare LF: ${quoted(line)}`);
    return line;
  }

  protected startLine(pattern: RegExp, name: string): RegExpExecArray | undefined {
    const line = this.consumeLine();
    if (line === undefined) return undefined;
    const match = pattern.exec(line);
    if (!match) throw new Malformed(`not a ${name}: ${quoted(line)}`);
    this.state = 'HEADER';
    return match;
  }

  private readField(line: string, into: Field[]): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? '' : trimBlanks(line.slice(0, colon));
    const value = line.slice(colon + 1);
    if (!FIELD.test(line) && !(this.limits.tolerant && isTolerable(line, name, value)))
      return this.refuseField(line, into);
    if (into.length >= this.limits.fields) throw new Malformed(`more than ${this.limits.fields} fields`);
    into.push([name, trimBlanks(value)]);
  }

  /** A line that is no field may continue the one before, for the tolerant. */
  private refuseField(line: string, into: Field[]): void {
    const last = into.at(-1);
    if (!last || !isBlank(line.charCodeAt(0))) throw new Malformed(`not a header line: ${quoted(line)}`);
    if (!this.limits.tolerant) throw new Malformed(`a folded header line: ${quoted(line)}`);
    into[into.length - 1] = [last[0], `${last[1]} ${trimBlanks(line)}`];
  }

  protected HEADER(): boolean {
    for (;;) {
      const line = this.consumeLine();
      if (line === undefined) return false;
      if (line === '') return this.beginBody();
      this.readField(line, this.fields);
      if (this.offset >= this.end) return false;
    }
  }

  /** States the head; the framing decides which state comes next. */
  protected abstract headDone(): Framing;

  private beginBody(): boolean {
    const framing = this.headDone();
    this.inHead = false;
    this.budget = this.limits.chunkLine;
    switch (framing.type) {
      case 'none':
        this.messageDone();
        return true;
      case 'length':
        this.body_bytes = framing.length;
        this.state = 'BODY_SIZED';
        return false;
      case 'chunked':
        this.state = 'BODY_CHUNKHEAD';
        return false;
      case 'close':
        this.state = 'BODY_RAW';
        return false;
    }
  }

  protected BODY_CHUNKHEAD(): void {
    const line = this.consumeLine();
    if (line === undefined) return;
    const match = CHUNK_LINE.exec(line);
    if (!match) throw new Malformed(`not a chunk size: ${quoted(line)}`);
    const size = Number.parseInt(match[1] ?? '', 16);
    this.body_bytes = size;
    this.state = size === 0 ? 'BODY_CHUNKTRAILERS' : 'BODY_CHUNK';
    this.budget = size === 0 ? this.limits.trailers : this.limits.chunkLine;
    if (size > 0) this.out.chunk(size);
  }

  protected BODY_CHUNKEMPTYLINE(): void {
    const line = this.consumeLine();
    if (line === undefined) return;
    if (line !== '') throw new Malformed('chunk data does not end where its size says');
    this.budget = this.limits.chunkLine;
    this.state = 'BODY_CHUNKHEAD';
  }

  protected BODY_CHUNKTRAILERS(): boolean {
    const line = this.consumeLine();
    if (line === undefined) return false;
    if (line !== '') {
      this.readField(line, this.trailerFields);
      return false;
    }
    if (this.trailerFields.length > 0) this.out.trailers(this.trailerFields);
    this.messageDone();
    return true;
  }

  override BODY_SIZED(): boolean {
    super.BODY_SIZED();
    return this.stopped;
  }

  /** The package calls this when a sized body is complete. */
  protected nextRequest(): void {
    this.messageDone();
  }

  messageDone(): void {
    this.initialize(this.kind);
    this.fields = [];
    this.trailerFields = [];
    this.budget = this.limits.head;
    this.inHead = true;
    this.stopped = true;
    this.out.end();
  }
}

class RequestParser extends StrictParser<RawRequestHead> {
  private match: RegExpExecArray | undefined;
  private blankLines = 0;

  constructor(out: Statements<RawRequestHead>, limits: Limits) {
    super('REQUEST', out, limits);
  }

  protected REQUEST_LINE(): void {
    if (this.line === '\r' || (this.line === '' && this.chunk[this.offset] === CR)) {
      const line = this.consumeLine();
      if (line === undefined) return;
      if (line !== '') throw new Malformed(`not a request line: ${quoted(line)}`);
      this.blankLines += 1;
      if (this.blankLines > BLANK_LINES_BEFORE_REQUEST) throw new Malformed('blank lines in place of a request');
      return;
    }
    this.match = this.startLine(REQUEST_LINE, 'request line');
  }

  protected headDone(): Framing {
    const { match } = this;
    const method = match?.[1] ?? '';
    const target = match?.[2] ?? '';
    const version: HttpVersion = match?.[3] === '0' ? 'HTTP/1.0' : 'HTTP/1.1';
    const framing = requestFraming(method, version, this.fields, this.limits.tolerant);
    this.blankLines = 0;
    this.out.head({ method, target, version, fields: this.fields }, framing);
    return framing;
  }
}

class ResponseParser extends StrictParser<RawResponseHead> {
  private match: RegExpExecArray | undefined;
  /** The method of the request this will answer; HEAD takes the body away. */
  method = 'GET';

  constructor(out: Statements<RawResponseHead>, limits: Limits) {
    super('RESPONSE', out, limits);
  }

  protected RESPONSE_LINE(): void {
    this.match = this.startLine(STATUS_LINE, 'status line');
  }

  protected headDone(): Framing {
    const [, minor, code, reason = ''] = this.match ?? [];
    const version: HttpVersion = minor === '0' ? 'HTTP/1.0' : 'HTTP/1.1';
    const status = Number(code);
    const framing = responseFraming(this.method, status, version, this.fields, this.limits.tolerant);
    this.out.head({ status, reason, version, fields: this.fields }, framing);
    return framing;
  }
}

/** Bytes in, statements out. One message at a time: `push` stops behind the end of each. */
export class Reader<Head> {
  private raw = '';
  private failed = false;

  constructor(
    private readonly parser: StrictParser<Head>,
    private readonly out: Statements<Head>,
  ) {}

  /** Between two messages, with no byte of the next one seen. */
  get isIdle(): boolean {
    return this.parser.isIdle && !this.failed;
  }

  get isInHead(): boolean {
    return this.parser.inHead;
  }

  /** Reads on; returns how many bytes were used. Fewer than given means that a message has ended there. */
  push(bytes: Buffer): number {
    if (this.failed || bytes.length === 0) return bytes.length;
    const parser = this.parser;
    const beganInHead = parser.inHead;
    parser.stopped = false;
    const used = parser.execute(bytes);
    if (typeof used === 'number') {
      if (parser.inHead && !parser.stopped) this.remember(bytes);
      else this.raw = '';
      return used;
    }
    if (!(used instanceof Malformed)) throw used;
    this.failed = true;
    if (beganInHead) this.remember(bytes);
    this.out.malformed(used.message, parser.inHead ? this.raw : '');
    return bytes.length;
  }

  /** The stream has ended. True where that is the proper end of a message or between two. */
  finish(): boolean {
    if (this.failed) return false;
    if (this.parser.state === 'BODY_RAW') {
      this.parser.messageDone();
      return true;
    }
    return this.parser.isIdle;
  }

  private remember(bytes: Buffer): void {
    if (this.raw.length < RAW_KEPT) this.raw += bytes.toString('latin1', 0, RAW_KEPT - this.raw.length);
  }
}

export class RequestReader extends Reader<RawRequestHead> {
  constructor(out: Statements<RawRequestHead>, limits: Limits = DEFAULT_LIMITS) {
    super(new RequestParser(out, limits), out);
  }
}

export class ResponseReader extends Reader<RawResponseHead> {
  private readonly responses: ResponseParser;

  constructor(out: Statements<RawResponseHead>, limits: Limits = DEFAULT_LIMITS) {
    const parser = new ResponseParser(out, limits);
    super(parser, out);
    this.responses = parser;
  }

  /** Says which request the next response answers. */
  answers(method: string): void {
    this.responses.method = method;
  }
}
