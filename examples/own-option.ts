// Brings an option of its own: requests get the field that it holds. :set extra_header "X-Team: blue" changes it.
import { ctx, type HTTPFlow } from 'sluice';

export function start(): void {
  ctx.addOption('extra_header', 'str', null, 'A field for every request, such as "X-Team: blue".');
}

export function configure(): void {
  const line = ctx.options.extra_header;
  if (typeof line === 'string' && !/^[\w-]+:/.test(line)) throw new Error(`not a field: ${line}`);
}

export function request(flow: HTTPFlow): void {
  const line = ctx.options.extra_header;
  if (typeof line !== 'string') return;
  const [name = '', ...value] = line.split(':');
  flow.request.headers.set(name, value.join(':').trim());
}
