import path from 'node:path';
import type { TestContext } from 'node:test';
import { openConsole, type RunningConsole } from '../../src/cli/console.js';
import { defaultOptions, isMistake, type Options } from '../../src/options.js';
import { shareAuthority, temporaryFolder } from './proxy.js';
import { TestScreen } from './screen.js';

/** The whole program on a terminal in memory: worker, sockets and interface. */
export interface App {
  readonly screen: TestScreen;
  readonly console: RunningConsole;
  /** Ends it, as it should unless told otherwise; answers with the session that is kept, if one is. */
  leave(isProper?: boolean): ReturnType<RunningConsole['stop']>;
  readonly port: number;
  readonly confdir: string;
  readonly caFile: string;
}

export interface AppSettings {
  readonly columns?: number;
  readonly rows?: number;
  readonly options?: Partial<Options>;
  readonly env?: NodeJS.ProcessEnv;
  /** One that is there already. */
  readonly confdir?: string;
}

export async function openApp(t: TestContext, settings: AppSettings = {}): Promise<App> {
  let end = async (): Promise<unknown> => null;
  const confdir =
    settings.confdir ??
    path.join(
      temporaryFolder(t, async () => void (await end())),
      'conf',
    );
  await shareAuthority(confdir);
  const screen = new TestScreen(settings.columns ?? 120, settings.rows ?? 30);
  const options: Options = { ...defaultOptions(), listen_port: 0, confdir, ...settings.options };
  const console = await openConsole({
    options,
    version: 'test',
    input: screen.input,
    output: screen.output,
    env: { SHELL: '/bin/sh', ...settings.env },
    crashed: (error) => {
      throw error;
    },
  });
  if (isMistake(console)) throw new Error(console.mistake);
  let ended: ReturnType<App['leave']> | null = null;
  const leave: App['leave'] = (isProper = true) => {
    console.restore();
    ended ??= console.stop(isProper);
    return ended;
  };
  end = leave;
  if (settings.confdir) t.after(() => leave());
  return { screen, console, leave, port: console.listening.port, confdir, caFile: path.join(confdir, 'ca-cert.pem') };
}
