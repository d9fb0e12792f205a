import { workerData } from 'node:worker_threads';
import { Authority } from '../certs/authority.js';
import { Leaves } from '../certs/leaves.js';
import { isExposed, openAuthority, openConfdir, writeBundle } from '../certs/store.js';
import { now } from '../flow/clock.js';
import type { Origin } from '../flow/flow.js';
import { arrived, type Crossing } from '../flow/targets.js';
import { isMistake, type Options } from '../options.js';
import {
  failureText,
  type LogEntry,
  type LogLevel,
  type ProxyCommand,
  type ProxyEvent,
  type ProxySettings,
  portOver,
  type ScriptFailure,
} from '../protocol.js';
import { Columns } from './columns.js';
import type { Context } from './context.js';
import { Desk } from './desk.js';
import { Earlier } from './earlier.js';
import { Entry } from './entry.js';
import { Extras } from './extras.js';
import { Feed } from './feed.js';
import { Fetching } from './fetching.js';
import { Files } from './files.js';
import { Ledger } from './ledger.js';
import { Listeners } from './listeners.js';
import { Postman } from './outbox.js';
import { landingPage } from './page.js';
import { passThrough } from './passthrough.js';
import { compileRules } from './rulebook.js';
import { Scripts, scriptSources } from './scripts.js';
import type { Record } from './shelf.js';
import { Spool } from './spool.js';
import { StreamSave } from './streamsave.js';

/*
 * Entry of the proxy's thread.
 */

const settings = workerData as ProxySettings;
const port = portOver<Crossing<ProxyCommand>, ProxyEvent>(settings.port);
const { say } = port;
let hearLog = (_entry: LogEntry): void => {};
const log = (level: LogLevel, text: string, isEcho = false): void => {
  const entry = { at: now(), level, text };
  say({ type: 'logged', entry });
  if (!isEcho) hearLog(entry);
};

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

async function start(): Promise<void> {
  const options = settings.options as Options;
  const rules = compileRules(options, null, null);
  if (isMistake(rules)) return say({ type: 'could-not-listen', reason: rules.mistake });
  try {
    openConfdir(settings.confdir);
  } catch (error) {
    return say({ type: 'could-not-listen', reason: (error as Error).message });
  }
  const opened = openAuthority(settings.confdir, options);
  opened.catch((error: Error) => say({ type: 'could-not-listen', reason: error.message }));
  let leaves: Promise<Leaves> | null = null;
  const sources = scriptSources(options.scripts, settings.scriptText, options.eval);
  if (isMistake(sources)) return say({ type: 'could-not-listen', reason: sources.mistake });
  const feed: Feed<Record> = new Feed(say);
  const { session } = settings;
  const spool = new Spool(session.folder, session.keeps ? null : (bytes) => desk.quota.hasRoom(bytes));
  const ledger: Ledger = new Ledger(
    feed,
    spool,
    () => context.options.store_streamed_bodies,
    (record) => {
      if (record instanceof Entry) columns.finished(record);
      streamSave.finished(record, context.saved);
    },
    {
      folder: session.folder,
      first: session.firstSegment,
      keeps: session.keeps,
      troubled: (reason) => {
        say({ type: 'disk-troubled', reason });
        if (reason === null) log('alert', 'The disk takes the session again.');
        else log('error', `The session is not recorded, traffic goes on: ${reason}.`);
      },
    },
    session.firstId,
  );
  const files = new Files(
    ledger,
    {
      wants: () => scripts.ofFlows().length > 0,
      seen: (ids) => passThrough(context, ids),
      log,
    },
    (event, channel) => say(event, [channel]),
  );
  const streamSave: StreamSave = new StreamSave(() => context, files, say);
  const isOurAddress = (origin: Origin): boolean =>
    listeners.entrances.some(({ host, port }) => port === origin.port && [...LOOPBACK, host].includes(origin.host));
  const listeners: Listeners = new Listeners(() => context, say);
  const scriptFailed = (failure: ScriptFailure, path: string): void => {
    log('error', failureText(failure, path));
    say({ type: 'script-failed', failure, path });
  };
  const extras: Extras = new Extras(settings.given, () => say({ type: 'extras-changed', ...extras.list() }));
  const columns = new Columns(extras, say, scriptFailed);
  const scripts = new Scripts(() => context.options, {
    log,
    failed: scriptFailed,
    asked: (request, script) => desk.scripts.asked(request, script),
    dropped: (script) => extras.drop(script),
    configuration: () => ({ ...context.options, ...extras.allValues() }),
  });
  const context: Context = {
    options,
    ledger,
    scripts,
    files,
    scriptText: settings.scriptText,
    extras,
    scriptFailed,
    ...rules,
    leaf: async (names) => {
      leaves ??= opened.then((pair) => new Leaves(new Authority(pair)));
      return (await leaves).shownFor(names);
    },
    page: landingPage(async () => (await opened).certificate, isOurAddress),
    postman: new Postman(),
    listening: listeners,
    log,
  };
  const earlier = new Earlier(ledger.shelf, files, session.after);
  const desk: Desk = new Desk(context, feed, say, earlier, () => {
    feed.stop();
    columns.stop();
    void listeners
      .close()
      .then(() => scripts.stop())
      .then(() => new Promise<void>((done) => streamSave.stop(done)))
      .then(() => files.stop())
      .then(() => new Promise<void>((done) => ledger.shelf.stop(done)))
      .then(() => {
        say({ type: 'stopped' });
        port.close();
      });
  });
  hearLog = (entry) => scripts.logged(entry);
  await scripts.set(sources);
  if (extras.unclaimed !== null)
    return say({ type: 'could-not-listen', reason: `--set: there is no option "${extras.unclaimed}"` });
  const fetching = new Fetching(files, (command) => desk.hear(command));
  port.hear((command) => fetching.hear(arrived(command)));
  const unopened = await listeners.change(options.server ? rules.asked : []);
  if (unopened) return say({ type: 'could-not-listen', reason: unopened.mistake });
  void scripts.run();
  for (const path of options.rfile) files.load(path, options.readfile_filter, say);
  if (isExposed(settings.confdir)) log('warn', `${settings.confdir}/ca.pem can be read by others: chmod 600 it.`);
  opened.then((pair) => writeBundle(settings.confdir, pair)).catch((error: Error) => log('error', error.message));
}

void start();
