/** A file that cannot be read or written; the message is a sentence that names it. */
export class FileFailure extends Error {}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'its permissions forbid it',
  EPERM: 'its permissions forbid it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the disk is read-only',
  EMFILE: 'too many files are open',
};

/** Why the operating system refused, in words. */
export function reasonOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  const known = typeof code === 'string' ? WHY[code] : undefined;
  return known ?? (error instanceof Error ? error.message : String(error));
}

export function failure(path: string, doing: 'read' | 'written', error: unknown): FileFailure {
  return error instanceof FileFailure ? error : new FileFailure(`${path} cannot be ${doing}: ${reasonOf(error)}`);
}
