/** Milliseconds after which what a test waits for never comes. Long, for a machine that has other work: a test that passes waits for none of it. */
export const DEADLINE = 30_000;
