// The part of node-pty the demo uses; the package's own types name the module differently.
declare module 'node-pty' {
  export function spawn(
    file: string,
    args: string[],
    options: { env: Record<string, string>; cwd: string; cols: number; rows: number; name: string },
  ): {
    write(text: string): void;
    onData(listener: (text: string) => void): void;
    onExit(listener: (exit: { exitCode: number }) => void): void;
  };
}
