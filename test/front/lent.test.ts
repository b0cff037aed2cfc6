import { describe, expect, it } from 'vitest';
import { withoutLent } from '../../src/front/connect.ts';

describe('a program in a session', () => {
  it('does not see what its credential source was given, but keeps what the session set under the same name', () => {
    const before = { HOME: '/home/alice', ADMIN_PASSWORD: 'root of all', PGPASSWORD: 'static one' };
    const prepared = {
      file: '/usr/bin/psql',
      args: [],
      environment: { HOME: '/home/alice', ADMIN_PASSWORD: 'root of all', PGPASSWORD: 'session secret' },
      clean: () => undefined,
    };
    const { environment } = withoutLent(prepared, ['ADMIN_PASSWORD', 'PGPASSWORD'], before);
    expect(environment).toEqual({ HOME: '/home/alice', PGPASSWORD: 'session secret' });
  });
});
