import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { bytesSource, sourceOf } from '../../src/content/source.js';
import { certificatesOf } from '../../src/flow/der.js';
import type { BodyData } from '../../src/flow/extent.js';
import type { RequestImage, ResponseImage } from '../../src/flow/image.js';
import { addressIn } from '../../src/store/formats/address.js';
import { Dump, type DumpDamage } from '../../src/store/formats/mitmproxy/dump.js';
import { migrate } from '../../src/store/formats/mitmproxy/migrate.js';
import { mapAt, sameValue } from '../../src/store/formats/mitmproxy/state.js';
import { NetReader } from '../../src/store/formats/netreader.js';
import { netBytes } from '../../src/store/formats/netwriter.js';
import type { NetMap, NetValue } from '../../src/store/formats/tnetstring.js';
import { httpVersion } from '../../src/store/formats/version.js';
import { openSource } from '../../src/store/opened.js';
import { CASES, noCases } from '../support/cases.js';
import { randomFlows } from './randomflows.js';
import { dumped, plainOf, undumped } from './saved.js';

interface MessageFacts {
  readonly http_version: string;
  readonly header_names: readonly string[];
  readonly raw_len: number | null;
  readonly raw_sha256: string | null;
  readonly trailers: number;
  readonly method?: string;
  readonly scheme?: string;
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly status?: number;
  readonly reason?: string;
}

interface FlowFacts {
  readonly type: string;
  readonly error: unknown;
  readonly marked: string;
  readonly comment: string;
  readonly client_peername: readonly [string, number] | null;
  readonly server_address: readonly [string, number] | null;
  readonly sni: string | null;
  readonly tls_version: string | null;
  readonly server_certs: number;
  readonly request?: MessageFacts;
  readonly response?: MessageFacts | null;
  readonly websocket?: {
    messages: number;
    from_client: number;
    text: number;
    bytes: number;
    close_code: number;
    closed_by_client: boolean;
  };
  readonly messages?: { n: number; bytes: number };
}

interface FileFacts {
  readonly file: string;
  readonly expect: 'load' | 'error';
  readonly format_versions: readonly (number | readonly number[])[];
  readonly flows: readonly FlowFacts[];
}

const FOLDER = path.join(CASES, 'mitm-dumps');

function facts(): readonly FileFacts[] {
  const text = fs.readFileSync(path.join(FOLDER, 'facts.json'), 'utf8');
  return (JSON.parse(text) as { files: readonly FileFacts[] }).files;
}

function bytesIn(body: BodyData | null): Uint8Array | null {
  return body && sourceOf(body).read(0, sourceOf(body).size);
}

function checkMessage(image: RequestImage | ResponseImage, told: MessageFacts): void {
  const bytes = bytesIn(image.body);
  assert.equal(image.version, httpVersion(told.http_version));
  assert.deepEqual(
    image.fields.map(([name]) => name),
    told.header_names,
  );
  assert.equal(image.trailers.length, told.trailers);
  assert.equal(bytes?.length ?? null, told.raw_len);
  if (bytes) assert.equal(createHash('sha256').update(bytes).digest('hex'), told.raw_sha256);
}

/** The states of a dump in the newest format, websockets of old formats aside. */
function states(bytes: Uint8Array): NetMap[] {
  const reader = new NetReader(bytesSource(bytes));
  const found: NetMap[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = reader.read(at);
    assert.ok(value instanceof Map);
    const type = value.get('type');
    if (type !== 'websocket') found.push(comparable(migrate(value)));
    at = end;
  }
  return found;
}

/** Connections of the oldest formats have no ids, and only the newest ones a backup. */
function comparable(state: NetMap): NetMap {
  for (const key of ['client_conn', 'server_conn']) mapAt(state, key)?.delete('id');
  if (!state.has('backup')) state.set('backup', null);
  return state;
}

describe('dumps of mitmproxy', { skip: noCases }, () => {
  if (noCases) return;
  for (const { file, expect, flows: told, format_versions } of facts())
    describe(`${path.basename(file)}, format ${String(format_versions[0])}`, () => {
      const name = path.join(FOLDER, file);
      const damage: DumpDamage[] = [];
      const source = openSource(name);
      const dump = new Dump(source, { file: name, onDamage: (one) => damage.push(one) });
      const flows = [...dump.flows()];

      it(expect === 'load' ? 'NF-08 gives all flows' : 'NF-08 is refused in a sentence', () => {
        assert.equal(flows.length, told.length);
        if (expect === 'load') assert.deepEqual(damage, []);
        else assert.match(damage[0]?.text ?? '', /^a flow is in mitmproxy's flow format 0\.10, which cannot be read$/);
      });

      it('NF-03 NF-05 NF-06 NF-07 has what mitmproxy itself sees in it', () => {
        for (const [index, facts] of told.entries()) {
          const { flow, talk } = flows[index] ?? assert.fail();
          const peer = facts.client_peername;
          assert.deepEqual(
            flow.client && flow.client.address !== ':0' ? addressIn(flow.client.address) : null,
            peer?.[0] ? { host: peer[0], port: peer[1] } : null,
          );
          assert.equal(flow.marked, facts.marked !== '');
          assert.equal(flow.comment, facts.comment);
          assert.equal(flow.error !== null, facts.error !== null);
          if (flow.server) {
            assert.deepEqual(addressIn(flow.server.authority), {
              host: facts.server_address?.[0],
              port: facts.server_address?.[1],
            });
            assert.equal(certificatesOf(flow.server.chain ?? new Uint8Array()).length, facts.server_certs);
            assert.equal(flow.server.certificate !== null, facts.server_certs > 0);
            assert.equal(flow.server.tls?.sni, flow.server.tls ? (facts.sni ?? '') : undefined);
          }
          if ('request' in flow) {
            assert.equal(facts.type, 'http');
            const { method, scheme, host, port, path } = facts.request ?? assert.fail();
            assert.deepEqual([flow.request.method, flow.request.scheme, flow.request.host], [method, scheme, host]);
            assert.deepEqual([flow.request.port, flow.request.path], [port, path]);
            checkMessage(flow.request, facts.request ?? assert.fail());
            assert.equal(flow.response === null, (facts.response ?? null) === null);
            if (flow.response && facts.response) {
              assert.deepEqual(
                [flow.response.status, flow.response.reason],
                [facts.response.status, facts.response.reason],
              );
              checkMessage(flow.response, facts.response);
            }
          }
          const sizes = talk?.messages.reduce((sum, { size }) => sum + size, 0);
          if (facts.messages) assert.deepEqual({ n: talk?.messages.length, bytes: sizes }, facts.messages);
          if (facts.websocket) {
            const { messages, from_client, text, bytes, close_code, closed_by_client } = facts.websocket;
            assert.deepEqual([talk?.messages.length, sizes], [messages, bytes]);
            assert.equal(talk?.messages.filter(({ fromClient }) => fromClient).length, from_client);
            assert.equal(talk?.messages.filter(({ kind }) => kind === 'text').length, text);
            assert.deepEqual([talk?.end?.code, talk?.end?.byClient], [close_code, closed_by_client]);
          } else if (facts.type === 'http') assert.equal(talk, null);
        }
      });

      it('is indexed as it is read', () => {
        const entries = [...dump.index()];
        assert.equal(entries.length, flows.length);
        for (const [index, entry] of entries.entries()) {
          const one = dump.flow(entry, index + 1);
          const { flow, talk } = flows[index] ?? assert.fail();
          if ('request' in flow && 'request' in one.flow) {
            assert.deepEqual(one.flow.request, flow.request);
            assert.deepEqual(one.flow.response, flow.response);
            const { method, host, port, path, status, at, messages, body } = entry.row;
            assert.deepEqual(
              [method, host, port, path],
              [flow.request.method, flow.request.host, flow.request.port, flow.request.path],
            );
            assert.equal(status, flow.response?.status ?? 0);
            assert.equal(at, flow.request.startedAt);
            assert.equal(messages, talk?.messages.length ?? -1);
            if (flow.response) assert.equal(body === 'missing', flow.response.body === null);
          } else assert.equal(entry.row.kind, 'tunnel');
          assert.deepEqual(one.talk, talk);
        }
      });

      it('is written back with the same content', () => {
        if (file.includes('websocket') && Number(format_versions[0]) < 12) return; // joined of two flows each
        const again = states(dumped(flows, 21).bytes);
        const before = expect === 'load' ? states(fs.readFileSync(name)) : [];
        assert.equal(again.length, before.length);
        for (const [index, state] of before.entries())
          for (const [key, value] of state)
            assert.ok(sameValue(value, again[index]?.get(key)), `${key} of flow ${index}`);
      });

      it('is the same after a time in format 17', () => {
        const once = undumped(dumped(flows, 17).bytes);
        assert.deepEqual(once.damage, []);
        const near = flows.map((finished) => undumped(dumped([finished], 21).bytes).flows[0] ?? assert.fail());
        assert.deepEqual(
          once.flows
            .map((finished) => plainOf({ ...finished, flow: { ...finished.flow, id: finished.flow.id } }))
            .map(({ flow, talk }) => [{ ...flow, id: 0 }, talk]),
          near.map(plainOf).map(({ flow, talk }) => [{ ...flow, id: 0 }, talk]),
        );
      });
    });
});

/** The names of everything in a state, one level deep. */
function shape(state: NetMap): Record<string, readonly string[]> {
  const inside = [...state].flatMap(([key, value]) =>
    value instanceof Map && key !== 'metadata' ? [[key, value] as const] : [],
  );
  return Object.fromEntries([['', state] as const, ...inside].map(([key, map]) => [key, [...map.keys()].toSorted()]));
}

describe('a dump of format 21', { skip: noCases }, () => {
  it('NF-03 NF-04 NF-05 NF-06 has the names that mitmproxy writes, and no others', () => {
    const sample = new NetReader(
      bytesSource(fs.readFileSync(path.join(FOLDER, 'files/corrupted_gzip_body.mitm'))),
    ).read(0).value;
    assert.ok(sample instanceof Map);
    const written = randomFlows(50, 40).filter(
      ({ flow, talk }) => 'request' in flow && flow.response && !flow.error && !talk,
    );
    assert.ok(written.length > 5);
    for (const finished of written) {
      const { value } = new NetReader(bytesSource(dumped([finished], 21).bytes)).read(0);
      assert.ok(value instanceof Map);
      assert.deepEqual(shape(value), shape(sample));
    }
  });
});

describe('a dump', () => {
  for (const version of [17, 21] as const)
    it(`STX-14 of format ${version} gives back what was written to it, missing bodies missing and empty ones empty`, () => {
      const flows = randomFlows(17, 400);
      const { bytes } = dumped(flows, version);
      const again = undumped(bytes);
      assert.deepEqual(again.damage, []);
      assert.equal(again.flows.length, flows.length);
      for (const [index, flow] of flows.entries()) assert.deepEqual(plainOf(again.flows[index] ?? assert.fail()), flow);
    });

  it('has the same content when it is written once more', () => {
    const { bytes } = dumped(randomFlows(3, 200), 21);
    const before = states(bytes);
    const after = states(dumped(undumped(bytes).flows, 21).bytes);
    assert.equal(before.length, 200);
    for (const [index, state] of before.entries()) assert.ok(sameValue(state, after[index]), `flow ${index}`);
  });

  it('NF-09 gives what stands before and after a damaged flow, and says where it is', () => {
    const flows = randomFlows(5, 3);
    const parts = flows.map((flow) => dumped([flow], 17).bytes);
    const second = parts[1] ?? assert.fail();
    second.write('#', second.indexOf('}', second.length - 2), 'latin1');
    const { flows: read, damage } = undumped(Buffer.concat(parts));
    assert.equal(read.length, 2);
    assert.equal(damage.length, 1);
    assert.equal(damage[0]?.flows, 1);
    assert.match(damage[0]?.text ?? '', /at byte \d+$/);
  });

  it('NF-09 gives what stands before the place where it was cut', () => {
    const flows = randomFlows(6, 5);
    const { bytes } = dumped(flows, 17);
    const { flows: read, damage } = undumped(bytes.subarray(0, bytes.length - 7));
    assert.equal(read.length, 4);
    assert.deepEqual(
      damage.map(({ flows }) => flows),
      [4],
    );
    assert.match(damage[0]?.text ?? '', /^a value runs past the end of what it stands in at byte \d+$/);
  });

  it('NF-08 of a newer format asks for a newer sluice', () => {
    const { damage } = undumped(
      netBytes(
        new Map<string, NetValue>([
          ['version', 22],
          ['type', 'http'],
        ]),
      ),
    );
    assert.equal(
      damage[0]?.text,
      "a flow is in mitmproxy's flow format 22, which cannot be read: sluice reads up to 21, so please update it",
    );
  });

  it('is read without harm whatever is done to its bytes', () => {
    const { bytes } = dumped(randomFlows(9, 6), 17);
    let state = 1;
    for (let round = 0; round < 3000; round += 1) {
      const broken = Buffer.from(bytes);
      for (let change = 0; change < 3; change += 1) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        broken[state % broken.length] = (state >>> 8) & 0xff;
      }
      const { flows, damage } = undumped(broken);
      assert.ok(flows.length + damage.length > 0);
    }
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  });

  it('keeps UDP and DNS as they are, and tells what format 17 makes of them', () => {
    const connection = (extra: readonly (readonly [string, NetValue])[]): NetMap =>
      new Map<string, NetValue>([
        ['transport_protocol', 'udp'],
        ['certificate_list', []],
        ['timestamp_start', 5],
        ...extra,
      ]);
    const common: [string, NetValue][] = [
      ['version', 21],
      ['id', 'x'],
      ['error', null],
      ['client_conn', connection([['peername', ['10.0.0.1', 5]]])],
      ['server_conn', connection([['address', ['10.0.0.2', 53]]])],
      ['metadata', new Map()],
    ];
    const question: NetMap = new Map<string, NetValue>([
      ['name', 'a.test'],
      ['type', 1],
      ['class_', 1],
    ]);
    const asked: NetMap = new Map<string, NetValue>([
      ['timestamp', 7],
      ['id', 9],
      ['questions', [question]],
      ['response_code', 0],
    ]);
    const answer: NetMap = new Map<string, NetValue>([...question, ['ttl', 60], ['data', Buffer.from([192, 0, 2, 1])]]);
    const answered: NetMap = new Map<string, NetValue>([...asked, ['answers', [answer]]]);
    const udp = netBytes(
      new Map<string, NetValue>([...common, ['type', 'udp'], ['messages', [[true, Buffer.from('hi'), 6]]]]),
    );
    const dns = netBytes(
      new Map<string, NetValue>([...common, ['type', 'dns'], ['request', asked], ['response', answered]]),
    );
    const { flows } = undumped(Buffer.concat([udp, dns]));
    const [datagrams, query] = flows;
    assert.ok(datagrams && query && 'why' in datagrams.flow && 'why' in query.flow);
    assert.equal(datagrams.flow.why, 'UDP datagrams, read from a file');
    assert.equal(query.flow.why, 'a DNS query, read from a file and shown in words');
    assert.deepEqual(
      query.talk?.messages.map(({ content }) => Buffer.from(bytesIn(content) ?? []).toString()),
      ['DNS query\na.test A', 'DNS answer NOERROR\na.test A\na.test A 60 s 192.0.2.1'],
    );
    const written = states(dumped(flows, 21).bytes);
    assert.deepEqual(
      written.map((state) => state.get('type')),
      ['udp', 'dns'],
    );
    assert.ok(sameValue(written[1]?.get('request'), asked) && sameValue(written[1]?.get('response'), answered));
    const old = dumped(flows, 17);
    assert.deepEqual(old.warnings, [
      'UDP is unknown to format 17: other programs see the datagrams as a TCP connection',
    ]);
    const again = undumped(old.bytes).flows;
    assert.deepEqual(
      again.map(({ flow }) => 'why' in flow && flow.why),
      [datagrams.flow.why, query.flow.why],
    );
    assert.deepEqual(
      again.map(({ talk }) => talk),
      flows.map(({ talk }) => talk),
    );
  });

  it('DM-09 leaves out what its metadata cannot hold, and says so', () => {
    const [first] = randomFlows(2, 1);
    assert.ok(first);
    const flow = { ...first.flow, metadata: { fine: 1, raw: Uint8Array.of(1), when: new Date(0) } };
    const { bytes, warnings } = dumped([{ ...first, flow }], 17);
    assert.deepEqual(warnings.slice(-2), [
      'metadata raw holds bytes, which format 17 cannot: it is left out',
      'metadata when holds a Date, which format 17 cannot: it is left out',
    ]);
    assert.deepEqual(undumped(bytes).flows[0]?.flow.metadata, { fine: 1 });
    assert.deepEqual(undumped(dumped([{ ...first, flow }], 21).bytes).flows[0]?.flow.metadata, {
      fine: 1,
      raw: Uint8Array.of(1),
    });
  });

  it('leaves large bodies in the file, and writes them from there', (context) => {
    const [first] = randomFlows(8, 9).filter(({ flow }) => 'request' in flow && flow.response);
    assert.ok(first && 'request' in first.flow && first.flow.response);
    const large: BodyData = { type: 'bytes', bytes: new Uint8Array(200_000).fill(7) };
    const flow = { ...first.flow, response: { ...first.flow.response, body: large } };
    const { bytes } = dumped([{ ...first, flow }], 21);
    const file = path.join(fs.mkdtempSync('/tmp/sluice-'), 'large');
    context.after(() => fs.rmSync(path.dirname(file), { recursive: true }));
    fs.writeFileSync(file, bytes);
    const source = openSource(file);
    const [again] = [...new Dump(source, { file }).flows()];
    source.close();
    assert.ok(again && 'request' in again.flow);
    const body = again.flow.response?.body;
    assert.deepEqual(body, {
      type: 'extent',
      extent: { file, offset: bytes.indexOf(large.bytes), length: 200_000, growing: false },
    });
    const [before] = states(bytes);
    const [after] = states(dumped([again], 21).bytes);
    assert.ok(sameValue(before, after));
  });
});
