// Keeps an option from being changed: an error in configure rolls the change back. Says which others have changed.
import { ctx, type Hooks } from 'sluice';

export const configure: Hooks['configure'] = (options, updated) => {
  if (options.ssl_insecure) throw new Error('the certificates of servers stay verified here');
  if (updated.has('intercept')) ctx.log.info(`held from now on: ${options.intercept ?? 'nothing'}`);
};
