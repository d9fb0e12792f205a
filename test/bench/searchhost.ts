import { Worker } from 'node:worker_threads';
import { startProxy } from '../../src/cli/proxythread.js';
import { openSession, removeSession } from '../../src/cli/sessionfolder.js';
import { defaultOptions, isMistake } from '../../src/options.js';

/*
 * A program of its own: the proxy with nobody looking, and beside it, if a file is given, a thread that searches without
 * end.
 *
 * node searchhost.js PORT CONFDIR [FILE plain|gzip]
 */

const [port = '', confdir = '', file, coding = 'plain'] = process.argv.slice(2);
const options = { ...defaultOptions(), listen_port: Number(port), confdir };
const session = openSession(confdir, 'temporary', null);
if (isMistake(session)) throw new Error(session.mistake);
process.on('exit', () => removeSession(session.place.folder));
const proxy = await startProxy(options, confdir, session.place, null, {}, (error) => {
  throw error;
});
if (isMistake(proxy)) throw new Error(proxy.mistake);
proxy.port.hear((event) => event.type === 'rows-changed' && proxy.port.say({ type: 'return-credit' }));
if (file !== undefined) new Worker(new URL('searching.js', import.meta.url), { argv: [file, coding, '0'] });
