/** Where a move goes. */
export type Direction = 'start' | 'end' | 'up' | 'down' | 'pageup' | 'pagedown';
