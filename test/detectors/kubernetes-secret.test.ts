// A block of several lines: what belongs to it is claimed, and nothing beside it.
import { describe, expect, it } from 'vitest';
import { createScanner } from '../../src/detectors/index.ts';

const scanner = createScanner(['secret']);
const found = (text: string): string[] => scanner.scan(text).map(({ start, end }) => text.slice(start, end));

describe('the data of a Kubernetes Secret', () => {
  it('is found behind its kind and before it, whole', () => {
    expect(found('kind: Secret\ndata:\n  user: YWRtaW4=\n  word: eA==\nmetadata:\n  name: x\n')).toEqual([
      '  user: YWRtaW4=\n  word: eA==',
    ]);
    expect(found('apiVersion: v1\ndata:\n  word: eA==\nkind: "Secret"\n')).toEqual(['  word: eA==']);
    expect(found('kind: Secret\r\nstringData:\r\n  word: eA==\r\n')).toEqual(['  word: eA==']);
  });

  it('is not the data of another document, or of another kind', () => {
    expect(found('kind: Secret\nmetadata: {}\n---\nkind: ConfigMap\ndata:\n  color: blue\n')).toEqual([]);
    expect(found('kind: ConfigMap\ndata:\n  color: blue\n---\nkind: Secret\n')).toEqual([]);
    expect(found('kind: SecretStore\ndata:\n  color: blue\n')).toEqual([]);
  });
});
