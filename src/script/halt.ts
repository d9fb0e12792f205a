/** Thrown by a hook: the addons and scripts behind it do not see this event (AD-06). It is no failure. */
export class AddonHalt extends Error {
  override name = 'AddonHalt';
}
