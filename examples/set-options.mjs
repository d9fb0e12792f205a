// Sets options when the proxy is up, so that they need not be typed: stream what is large, hold what is written.
import { ctx } from 'sluice';

export function running() {
  ctx.options.update({ stream_large_bodies: 3 * 1024 * 1024, intercept: '~m POST | ~m PUT | ~m DELETE' });
}
