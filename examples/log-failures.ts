// Logs every exchange that failed, and why. A status such as 500 is an answer and no failure.
import type { FailedFlow } from 'sluice';

export function error(flow: FailedFlow): void {
  console.error(`${flow.request.method} ${flow.request.prettyUrl}: ${flow.error.msg} (${flow.error.kind})`);
}
