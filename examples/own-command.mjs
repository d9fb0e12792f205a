// Brings a command of its own: ":block HOST" refuses the requests for a host from then on, ":block" lists what is refused.
import { ctx, Response } from 'sluice';

const blocked = new Set();

export function start() {
  ctx.addCommand(
    'block',
    (...hosts) => {
      for (const host of hosts) blocked.add(host);
      return `blocked: ${[...blocked].join(', ') || 'none'}`;
    },
    'Refuse the requests for these hosts, or list the hosts that are refused.',
  );
}

export function request(flow) {
  const { prettyHost } = flow.request;
  if (blocked.has(prettyHost)) flow.response = Response.make(403, `${prettyHost} is blocked\n`);
}
