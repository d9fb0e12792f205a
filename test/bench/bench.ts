import os from 'node:os';
import { benchDownload } from './download.js';
import { benchFeed } from './feed.js';
import { benchFiltering } from './filtering.js';
import { type Flags, readFlags, type SectionName, USAGE } from './flags.js';
import { benchFrame } from './frame.js';
import { benchHttp } from './http.js';
import { benchHttps } from './https.js';
import { benchJournal } from './journal.js';
import { benchLatency } from './latency.js';
import { benchOpening } from './opening.js';
import { startOrigin } from './origin.js';
import { Report } from './report.js';
import { benchReverse } from './reverse.js';
import { benchRows } from './rows.js';
import { type Run, toolOf } from './run.js';
import { benchScript } from './script.js';
import { benchSearch } from './search.js';
import { Stage } from './stage.js';
import { terminalFault } from './terminal.js';
import { benchTlsDownload } from './tlsdownload.js';
import { benchTlsHosts } from './tlshosts.js';
import { findTools, TOOLS, type Tool } from './tool.js';
import { benchWebSocket } from './websocket.js';

/*
 * Measures sluice, its console running, beside no proxy, a blind relay and mitmproxy. Everything is on this machine and
 * of the same run, so that the ratios mean something where the absolute values do not. A figure that falls short does
 * not fail the run.
 */

interface Section {
  readonly measure: (run: Run) => Promise<void>;
  readonly needs: readonly Tool[];
}

const sections: Readonly<Record<SectionName, Section>> = {
  http: { measure: benchHttp, needs: ['wrk'] },
  journal: { measure: benchJournal, needs: ['wrk'] },
  https: { measure: benchHttps, needs: ['wrk'] },
  reverse: { measure: benchReverse, needs: ['wrk'] },
  'tls-hosts': { measure: benchTlsHosts, needs: [] },
  latency: { measure: benchLatency, needs: [] },
  feed: { measure: benchFeed, needs: ['openssl'] },
  download: { measure: benchDownload, needs: ['curl'] },
  'tls-download': { measure: benchTlsDownload, needs: ['curl'] },
  script: { measure: benchScript, needs: ['wrk', 'curl'] },
  websocket: { measure: benchWebSocket, needs: [] },
  frame: { measure: benchFrame, needs: [] },
  opening: { measure: benchOpening, needs: [] },
  rows: { measure: benchRows, needs: [] },
  filtering: { measure: benchFiltering, needs: [] },
  search: { measure: benchSearch, needs: [] },
};

/** What the run is without, in sentences. */
function sayMissing(report: Report, tools: ReadonlyMap<Tool, string>): void {
  for (const tool of TOOLS) {
    if (tools.has(tool)) continue;
    const isPeer = tool === 'mitmdump' || tool === 'mitmproxy';
    report.say(`${tool} is not installed${isPeer ? ': nothing is compared with it' : ''}.`);
  }
}

async function measureAll(run: Run): Promise<void> {
  const { stage, report, tools } = run;
  for (const name of run.flags.sections) {
    const { measure, needs } = sections[name];
    const lacking = needs.filter((tool) => !tools.has(tool));
    if (lacking.length > 0) {
      report.say(`\n${name} is left out: it needs ${lacking.join(' and ')}.`);
      continue;
    }
    await measure(run).catch((error: Error) => report.say(`\n${name} was given up: ${error.message}`));
    await stage.stopAllBut(run.origin);
    for (const note of stage.notes.splice(0)) report.say(`  ${note}`);
  }
}

async function bench(flags: Flags): Promise<void> {
  const fault = await terminalFault();
  if (fault !== null) throw new Error(`sluice's console needs a terminal: ${fault}`);
  const stage = new Stage();
  const report = new Report();
  const tools = findTools();
  const [cpu] = os.cpus();
  report.say(`${cpu?.model ?? 'some processor'}, ${os.availableParallelism()} cores, Node ${process.versions.node}`);
  sayMissing(report, tools);
  const nginx = tools.get('nginx');
  const openssl = tools.get('openssl');
  if (nginx === undefined || openssl === undefined) throw new Error('without nginx and openssl there is no origin');
  const origin = await startOrigin(stage, nginx, openssl);
  const run = { stage, flags, origin, report, tools };
  if (tools.has('mitmdump')) {
    const [version = ''] = (await stage.run(toolOf(run, 'mitmdump'), ['--version'])).split('\n');
    report.say(version);
  }
  await measureAll(run);
  report.promises();
  await stage.stopAllBut(null);
}

process.stdout.on('error', () => process.exit(1)); // nobody reads any more
try {
  const flags = readFlags(process.argv.slice(2));
  if (flags === 'help') process.stdout.write(`${USAGE}\n`);
  else await bench(flags);
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
process.exit();
