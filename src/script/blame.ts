import type { Thrown } from './image.js';
import { placeOf } from './place.js';

/** Says where in a script something went wrong. */
export class Blame {
  constructor(
    /** The file of the script. */
    private readonly path: string,
  ) {}

  thrown(event: string, error: unknown): Thrown {
    const { message, place } = placeOf(error, this.path);
    return { event, message, place };
  }

  /** A warning belongs to the line of the script that caused it. */
  warning(event: string, text: string): Thrown {
    const { place } = placeOf(new Error(text), this.path);
    return { event, message: text, place };
  }
}
