import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inclusionProof, leafHash, MerkleTree, nodeHash, rootFromProof } from '../../src/lib/merkle.ts';

/** The test data of Certificate Transparency's reference implementation (RFC 6962). */
const INPUTS = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('the Merkle tree', () => {
  it('has the roots of RFC 6962’s reference implementation', () => {
    const tree = new MerkleTree();
    expect(tree.root()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    for (const [index, input] of INPUTS.entries()) {
      tree.append(leafHash(Buffer.from(input, 'hex')));
      expect(tree.root()).toBe(ROOTS[index]);
    }
  });

  it('hashes text like its UTF-8, and a leaf unlike a node', () => {
    expect(leafHash('é')).toEqual(leafHash(Buffer.from('é')));
    const [a, b] = [leafHash('a'), leafHash('b')];
    expect(nodeHash(a, b)).not.toEqual(leafHash(Buffer.concat([a, b])));
  });

  it('proves every leaf of every size, and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), (count, pick, other) => {
        const leaves = Array.from({ length: count }, (_, index) => leafHash(`${index}`));
        const tree = new MerkleTree();
        for (const leaf of leaves) tree.append(leaf);
        const index = pick % count;
        const leaf = leaves[index] as Buffer;
        const proof = inclusionProof(leaves, index);
        expect(rootFromProof(leaf, index, count, proof)).toBe(tree.root());
        if (other % count !== index)
          expect(rootFromProof(leaf, other % count, count, proof)).not.toBe(tree.root());
        expect(rootFromProof(leaf, index, count, [...proof, leaf])).toBeUndefined();
        if (proof.length > 0) expect(rootFromProof(leaf, index, count, proof.slice(1))).toBeUndefined();
        expect(rootFromProof(leaf, count, count, proof)).toBeUndefined();
      }),
    );
  });
});
