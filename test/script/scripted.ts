import fs from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import type { FlowId } from '../../src/flow/flow.js';
import type { OptionName, OptionValue } from '../../src/options.js';
import type { ScriptReport } from '../../src/protocol.js';
import { type EventName, eventNames } from '../../src/script/events.js';
import { Client } from '../support/client.js';
import { DEADLINE } from '../support/deadline.js';
import { type RunningProxy, startProxy, temporaryFolder } from '../support/proxy.js';

/** Writes a script into a folder of its own. */
export function scriptFile(t: TestContext, name: string, source: string): string {
  const file = path.join(temporaryFolder(t), name);
  fs.writeFileSync(file, source);
  return file;
}

const QUIET: readonly EventName[] = ['start', 'configure', 'running', 'tick', 'log', 'done'];

/** The same of lines. */
export function scriptOf(t: TestContext, name: string, ...lines: readonly string[]): string {
  return scriptFile(t, name, `${lines.join('\n')}\n`);
}

/** Every event of connections and flows. */
export const TRAFFIC: readonly EventName[] = eventNames.filter((name) => !QUIET.includes(name));

/** A script that tells the event log each event it gets, and then does something about `it`, the argument. */
export function tracing(
  bodies: Readonly<Partial<Record<EventName, string>>> = {},
  names: readonly EventName[] = TRAFFIC,
): string {
  const hook = (name: EventName): string => {
    const body = bodies[name] ?? '';
    const keyword = /\bawait\b/.test(body) ? 'async function' : 'function';
    return `export ${keyword} ${name}(it) { console.log(${JSON.stringify(name)}); ${body} }\n`;
  };
  return `import { Response, ctx } from 'sluice';\n${names.map(hook).join('')}`;
}

/** The lines of the event log. */
export function logged(proxy: RunningProxy): string[] {
  return proxy.events.flatMap((event) => (event.type === 'logged' ? [event.entry.text] : []));
}

/** What a script wrote to the event log. */
export function said(proxy: RunningProxy, name: string): string[] {
  const prefix = `${name}: `;
  return logged(proxy).flatMap((text) => (text.startsWith(prefix) ? [text.slice(prefix.length)] : []));
}

/** What scripts, whichever, wrote at a level, their names left out. */
export function spoken(proxy: RunningProxy, level = 'info'): string[] {
  const entries = proxy.events.flatMap((event) => (event.type === 'logged' ? [event.entry] : []));
  const lines = entries.filter((entry) => entry.level === level && /^[\w-]+\.mjs/.test(entry.text));
  return lines.map(({ text }) => text.replace(/^[\w-]+\.mjs: /, ''));
}

/** Waits until scripts have said that; everything they said. */
export function speaking(proxy: RunningProxy, text: string): Promise<string[]> {
  return proxy.until(() => spoken(proxy).includes(text) && spoken(proxy), text);
}

/** Waits for a line of the event log. */
export async function line(proxy: RunningProxy, wanted: RegExp | string, times = 1): Promise<string> {
  const matches = (text: string): boolean => (typeof wanted === 'string' ? text === wanted : wanted.test(text));
  try {
    return await proxy.until(() => logged(proxy).filter(matches)[times - 1], 'a line');
  } catch {
    throw new Error(`never came: ${wanted}; ${JSON.stringify(logged(proxy), null, 1)}`);
  }
}

/** Waits until a script has said `last` so many times; everything it has said. */
export async function saidUntil(proxy: RunningProxy, name: string, last: string, times = 1): Promise<string[]> {
  const isThere = (): boolean => said(proxy, name).filter((text) => text === last).length >= times;
  try {
    await proxy.until(isThere, last);
  } catch {
    throw new Error(`${name} never said ${last}: ${JSON.stringify(logged(proxy), null, 1)}`);
  }
  return said(proxy, name);
}

/** A proxy with one script, t.mjs. */
export function scripted(
  t: TestContext,
  source: string,
  options: Parameters<typeof startProxy>[1] = {},
): Promise<RunningProxy> {
  return startProxy(t, { scripts: [scriptFile(t, 't.mjs', source)], ...options });
}

/** Ends the proxy as the interface does; what happened until then is in its events. */
export async function stopped(proxy: RunningProxy): Promise<void> {
  proxy.say({ type: 'stop' });
  await proxy.event('stopped');
}

export function setOption(proxy: RunningProxy, name: OptionName, value: OptionValue): void {
  proxy.say({ type: 'set-option', name, value });
}

/** Sends a CONNECT; the answer's head. */
export function openTunnel(proxy: RunningProxy, authority: string): Promise<Client> {
  return tunnelThrough(proxy.port, authority);
}

/** The same through a proxy of which only the port is known. */
export async function tunnelThrough(port: number, authority: string): Promise<Client> {
  const client = await Client.connect(port);
  client.send(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  await client.until('\r\n\r\n');
  return client;
}

/** What does not come in time is an error that says what the event log has. */
function within<T>(
  proxy: RunningProxy,
  what: string,
  begin: (done: (value: T) => void, fail: (error: Error) => void) => void,
): Promise<T> {
  return new Promise((done, fail) => {
    const late = (): void => fail(new Error(`never came: ${what}; ${JSON.stringify(logged(proxy), null, 1)}`));
    const timer = setTimeout(late, DEADLINE);
    begin(
      (value) => {
        clearTimeout(timer);
        done(value);
      },
      (error) => {
        clearTimeout(timer);
        fail(error);
      },
    );
  });
}

/** Speaks TLS inside a tunnel; trusts the proxy's CA unless told another. */
export function secure(
  proxy: RunningProxy,
  client: Client,
  options: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  return within(proxy, 'the TLS handshake', (done, fail) => {
    const ca = fs.readFileSync(proxy.caFile);
    const socket = tls.connect({ socket: client.socket, servername: 'localhost', ca, ...options }, () => done(socket));
    socket.on('error', fail);
  });
}

/** Sends a request and waits for what matches. */
export function askInside(proxy: RunningProxy, socket: tls.TLSSocket, text: string, wanted: RegExp): Promise<string> {
  return within(proxy, wanted.source, (done) => {
    let received = '';
    socket.on('data', (piece: Buffer) => {
      received += piece.toString('latin1');
      if (wanted.test(received)) done(received);
    });
    socket.write(text);
  });
}

/** Runs a script once on flows that are over. */
export async function runOnce(proxy: RunningProxy, file: string, ids: readonly FlowId[]): Promise<ScriptReport> {
  const after = proxy.events.length;
  const flows = ids.map((id) => ({ id, revision: proxy.rows.get(id)?.revision ?? 0 }));
  proxy.say({ type: 'run-script', path: file, flows });
  return (await proxy.event('script-finished', after)).report;
}
