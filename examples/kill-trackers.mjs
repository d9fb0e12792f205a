// Kills requests to trackers as soon as their head is read: the client's connection is cut, no server hears of them.
const TRACKERS = ['tracker.example', 'ads.example'];
const PATHS = /^\/(beacon|collect|pixel\.gif)\b/;

export function requestheaders(flow) {
  const { prettyHost, path } = flow.request;
  const isTracker = TRACKERS.some((name) => prettyHost === name || prettyHost.endsWith(`.${name}`));
  if (isTracker || PATHS.test(path)) flow.kill();
}
