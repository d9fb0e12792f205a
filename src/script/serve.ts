import { type Addon, addonOf } from './addon.js';
import type { HTTPFlow } from './httpflow.js';
import type { Request } from './request.js';
import { Response } from './response.js';

/** Answers the requests for one host and port; nothing is 404. */
export type App = (
  request: Request,
  flow: HTTPFlow,
) => Response | null | undefined | Promise<Response | null | undefined>;

/** Web apps of a script (CTX-09): requests for their host and port are answered by them, and no server is dialled. */
export class Apps {
  private readonly apps = new Map<string, App>();

  add(host: string, port: number, app: App): void {
    if (!/^[^\s/?#@[\]]+$/.test(host)) throw new TypeError(`not a host: ${JSON.stringify(host)}`);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`not a port: ${port}`);
    if (typeof app !== 'function') throw new TypeError('an app is a function of a request that gives a Response');
    const place = `${host.toLowerCase()}:${port}`;
    if (this.apps.has(place)) throw new Error(`${place} is served already`);
    this.apps.set(place, app);
  }

  get isEmpty(): boolean {
    return this.apps.size === 0;
  }

  /** The hook that answers. It comes behind the others of its file, so that they may change or answer the request. */
  addon(): Addon {
    return addonOf({ request: (flow: HTTPFlow) => this.request(flow) }, () => {});
  }

  private async request(flow: HTTPFlow): Promise<void> {
    const { prettyHost, port } = flow.request;
    const app = this.apps.get(`${prettyHost.toLowerCase()}:${port}`);
    if (!app || flow.response || flow.error || !flow.live) return;
    try {
      flow.response = (await app(flow.request, flow)) ?? Response.make(404, 'There is no such page.\n');
    } catch (error) {
      flow.response = Response.make(500, 'The script that serves this failed.\n');
      throw error;
    }
  }
}
