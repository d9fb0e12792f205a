// Streams only some responses: media, downloads and everything else that is large and not worth reading.
import type { AnsweredFlow } from 'sluice';

const TYPES = /^(video|audio|font)\/|^application\/(octet-stream|zip|x-iso9660-image)\b/;

export function responseheaders(flow: AnsweredFlow): void {
  if (TYPES.test(flow.response.headers.get('content-type') ?? '')) flow.response.stream = true;
}
