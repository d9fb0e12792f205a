import { cipherName } from '../flow/ciphers.js';
import type { ClientFacts, ServerFacts, TlsFacts } from '../flow/flow.js';
import { Certificate, certificateList } from './certificate.js';
import type { ConnectionChange, ConnectionImage } from './image.js';
import { Sealed } from './naming.js';

/** Host and port. */
export type Address = readonly [host: string, port: number];

function addressOf(text: string): Address {
  const at = text.lastIndexOf(':');
  return [text.slice(0, at).replace(/^\[|\]$/g, ''), Number(text.slice(at + 1))];
}

function seconds(milliseconds: number | null | undefined): number | null {
  return milliseconds === null || milliseconds === undefined ? null : milliseconds / 1000;
}

/** What a connection belongs to. */
export interface ConnectionContext {
  readonly client: Client | null;
  readonly server: Server | null;
  /** The options as they were when the hook was called. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The layers from the outside in. */
  readonly layers: readonly string[];
}

/** Whether a connection is open now. */
export type IsOpen = (side: 'client' | 'server') => boolean;

/** What is the same of clients and servers in their facts. */
interface Facts {
  readonly local?: string;
  readonly tls: TlsFacts | null;
  readonly chain?: Uint8Array;
}

/** What client and server connections have in common (DMC-01 to DMC-12). */
export abstract class Connection extends Sealed {
  readonly transportProtocol = 'tcp';
  /** Why this connection is refused; set it to refuse it. */
  error: string | null = null;
  readonly alpn: string;
  readonly cipher: string;
  readonly tlsVersion: string;
  readonly sni: string;
  readonly tls: boolean;
  /** The address of sluice's own end, or null. */
  readonly sockname: Address | null;
  readonly #facts: Facts | null;
  #certificates: readonly Certificate[] | null = null;

  constructor(
    readonly id: string,
    facts: Facts | null,
    readonly context: ConnectionContext,
  ) {
    super();
    this.#facts = facts;
    const tls = facts?.tls ?? null;
    this.sockname = facts?.local === undefined ? null : addressOf(facts.local);
    this.tls = tls !== null;
    this.alpn = tls?.alpn ?? '';
    this.cipher = tls?.cipher ?? '';
    this.tlsVersion = tls?.version ?? '';
    this.sni = tls?.sni ?? '';
  }

  get tlsEstablished(): boolean {
    return this.tls;
  }

  /** `open` or `closed`. */
  abstract readonly state: 'open' | 'closed';

  get alpnOffers(): readonly string[] {
    return this.#facts?.tls?.alpnOffers ?? [];
  }

  get cipherList(): readonly string[] {
    return (this.#facts?.tls?.ciphers ?? []).map(cipherName);
  }

  /** The other side's certificates, leaf first. */
  get certificateList(): readonly Certificate[] {
    this.#certificates ??= certificateList(this.#facts?.chain);
    return this.#certificates;
  }
}

export class Client extends Connection {
  readonly proxyMode: string;
  /** The client's own address: its remote host and port (S3-14). */
  readonly address: Address;
  readonly timestampStart: number | null;
  readonly timestampEnd: number | null = null;
  /** The certificate it was shown, or null. */
  readonly mitmcert: Certificate | null;
  readonly #isOpen: IsOpen;

  constructor(facts: ClientFacts, context: ConnectionContext, isOpen: IsOpen = () => true) {
    super(facts.address, facts, context);
    this.#isOpen = isOpen;
    this.mitmcert = facts.shown ? new Certificate(facts.shown) : null;
    this.address = addressOf(facts.address);
    this.timestampStart = seconds(facts.connectedAt);
    this.proxyMode = facts.mode;
  }

  get peername(): Address {
    return this.address;
  }

  get state(): 'open' | 'closed' {
    return this.#isOpen('client') ? 'open' : 'closed';
  }

  /** S3-13: the connection of a client stands for all that belongs to it. */
  get clientConn(): this {
    return this;
  }
}

/** A proxy on the way to a server. */
export interface Via {
  readonly scheme: 'http' | 'https';
  readonly address: Address;
}

export class Server extends Connection {
  /** The proxy on the way, in upstream mode. */
  readonly via: Via | null;
  readonly peername: Address | null;
  readonly timestampStart: number | null;
  readonly timestampTcpSetup: number | null;
  readonly timestampTlsSetup: number | null;
  readonly timestampEnd: number | null = null;
  #address: Address | null;
  readonly #isOpen: IsOpen;
  readonly #isThere: boolean;

  constructor(
    facts: ServerFacts | null,
    address: Address | null,
    context: ConnectionContext,
    id: string,
    isOpen: IsOpen = () => true,
  ) {
    super(id, facts, context);
    this.#address = address;
    this.#isOpen = isOpen;
    this.peername = facts?.address ? addressOf(facts.address) : null;
    this.via = facts?.via ? { scheme: facts.via.scheme, address: [facts.via.host, facts.via.port] } : null;
    this.#isThere = facts !== null;
    this.timestampStart = seconds(facts?.startedAt);
    this.timestampTcpSetup = seconds(facts?.connectedAt);
    this.timestampTlsSetup = seconds(facts?.securedAt);
  }

  get state(): 'open' | 'closed' {
    return this.#isThere && this.#isOpen('server') ? 'open' : 'closed';
  }

  /** Host and port as asked for. Before the server is dialled another may be set. */
  get address(): Address | null {
    return this.#address;
  }

  set address(address: Address) {
    const [host, port] = address;
    if (typeof host !== 'string' || host === '') throw new TypeError('address takes [host, port]');
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`not a port: ${port}`);
    if (this.#isThere) throw new TypeError('the address cannot change while the connection is open');
    this.#address = [host, port];
  }
}

/** A protocol that is about to be spoken on a connection (EVT-10). */
export class Layer extends Sealed {
  constructor(
    /** `http`, `tls`, `tcp` or `websocket`; what sluice would take. */
    public name: string,
    readonly context: ConnectionContext,
  ) {
    super();
  }

  /** mitmproxy's attribute of the layer that is taken. */
  get layer(): string {
    return this.name;
  }

  set layer(name: string) {
    this.name = name;
  }
}

/** What a client offers before TLS begins (EVT-14). */
export class ClientHello extends Sealed {
  /** Pass the connection through untouched. */
  ignoreConnection = false;

  constructor(
    readonly sni: string,
    readonly alpnProtocols: readonly string[],
    readonly context: ConnectionContext,
    /** The ciphers it offers, by their numbers (RFC 8446 B.4). */
    readonly cipherSuites: readonly number[] = [],
  ) {
    super();
  }

  get clientHello(): this {
    return this;
  }
}

/** The context of a connection; its client and its server are made when they are looked at, and stay the same. */
export function contextOf(
  image: ConnectionImage,
  options: ConnectionContext['options'],
  isOpen: IsOpen = () => true,
): ConnectionContext {
  let client: Client | null = null;
  let server: Server | null = null;
  const context: ConnectionContext = {
    options,
    layers: image.layer === '' ? [] : image.layer.split('/'),
    get client() {
      client ??= image.client && new Client(image.client, context, isOpen);
      return client;
    },
    get server() {
      server ??= serverOf(image, context, isOpen);
      return server;
    },
  };
  return context;
}

export function serverOf(image: ConnectionImage, context: ConnectionContext, isOpen?: IsOpen): Server | null {
  const { server, address } = image;
  const at: Address | null = address ? [address.host, address.port] : server ? addressOf(server.authority) : null;
  if (!at) return null;
  const connection = new Server(server, at, context, `server ${server?.id ?? image.id}`, isOpen);
  connection.error = image.error;
  return connection;
}

/** What a hook did to a connection, or null. */
export function connectionChange(
  image: ConnectionImage,
  subject: Connection | Layer | ClientHello,
): ConnectionChange | null {
  if (subject instanceof Layer) return subject.name === image.layer ? null : { layer: subject.name };
  if (subject instanceof ClientHello) return subject.ignoreConnection ? { ignore: true } : null;
  const error = subject.error !== image.error && subject.error !== null ? { error: String(subject.error) } : {};
  const at = subject instanceof Server ? subject.address : null;
  const moved = at !== null && image.address !== null && (at[0] !== image.address.host || at[1] !== image.address.port);
  const address = moved ? { address: { host: at[0], port: at[1] } } : {};
  const change = { ...error, ...address };
  return Object.keys(change).length === 0 ? null : change;
}
