// What is wrong with a host's file, where: the one failure all its readers have.
export class SyntaxFault extends Error {
  readonly line: number;
  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

/** Deeper files are not configurations, and parsers descend into them until there is no stack left. */
export const DEEPEST = 100;
