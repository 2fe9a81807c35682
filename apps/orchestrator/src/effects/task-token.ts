import { createHmac, timingSafeEqual } from 'node:crypto';

export type AttemptName = {
  readonly workflow: string;
  readonly branch: string;
  readonly step: string;
  readonly attempt: number;
};

/** Signs attempts, so that only whoever was given an attempt can report on it. */
export class TaskTokens {
  constructor(private readonly secret: string) {}

  issue({ workflow, branch, step, attempt }: AttemptName): string {
    return createHmac('sha256', this.secret).update(`${workflow}\n${branch}\n${step}\n${attempt}`).digest('base64url');
  }

  isGenuine(token: string, name: AttemptName): boolean {
    const expected = Buffer.from(this.issue(name));
    const given = Buffer.from(token);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}
