// Merkle tree hashes (RFC 6962 section 2.1) built leaf by leaf in logarithmic memory. Must never hash a leaf like a node.
import { sha256Bytes } from './digest.ts';

const LEAF = Buffer.of(0);
/** 0x01, then two hashes. */
const PAIR = Buffer.alloc(65, 1);

export function leafHash(data: Uint8Array | string): Buffer {
  return typeof data === 'string' ? sha256Bytes(`\0${data}`) : sha256Bytes(Buffer.concat([LEAF, data]));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  // Synchronous from here to the hash, so one scratch buffer serves all.
  PAIR.set(left, 1);
  PAIR.set(right, 33);
  return sha256Bytes(PAIR);
}

/** A tree set aside: roots of its full subtrees, largest first, in hex. */
export interface TreeState {
  readonly count: number;
  readonly roots: readonly string[];
}

/** Appends leaves and knows the root of all so far. */
export class MerkleTree {
  /** Roots of full subtrees, largest first; `#sizes[i]` leaves each. */
  readonly #roots: Buffer[];
  readonly #sizes: number[] = [];
  #count: number;

  constructor(state: TreeState = { count: 0, roots: [] }) {
    this.#count = state.count;
    this.#roots = state.roots.map((root) => Buffer.from(root, 'hex'));
    // The full subtrees of a tree are the ones of its count in binary.
    for (let left = state.count, size = 1; left > 0; left = Math.floor(left / 2), size *= 2)
      if (left % 2 === 1) this.#sizes.unshift(size);
  }

  get state(): TreeState {
    return { count: this.#count, roots: this.#roots.map((root) => root.toString('hex')) };
  }

  get count(): number {
    return this.#count;
  }

  append(leaf: Buffer): void {
    this.#count += 1;
    let hash = leaf;
    let size = 1;
    while (this.#sizes.at(-1) === size) {
      this.#sizes.pop();
      hash = nodeHash(this.#roots.pop() as Buffer, hash);
      size *= 2;
    }
    this.#roots.push(hash);
    this.#sizes.push(size);
  }

  /** Lower-case hex; of no leaves, the hash of nothing (section 2.1). */
  root(): string {
    let hash = this.#roots.at(-1);
    if (!hash) return sha256Bytes('').toString('hex');
    for (let index = this.#roots.length - 2; index >= 0; index--)
      hash = nodeHash(this.#roots[index] as Buffer, hash);
    return hash.toString('hex');
  }
}

/** Largest power of two below `n` (n ≥ 2). */
function split(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1));
}

function rootOf(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (!only) return sha256Bytes('');
  if (leaves.length === 1) return only;
  const k = split(leaves.length);
  return nodeHash(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}

/** The audit path of leaf `index` (section 2.1.1), from the leaf upward. */
export function inclusionProof(leaves: readonly Buffer[], index: number): Buffer[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...inclusionProof(leaves.slice(0, k), index), rootOf(leaves.slice(k))]
    : [...inclusionProof(leaves.slice(k), index - k), rootOf(leaves.slice(0, k))];
}

/** The root that a leaf and its audit path lead to, hex; undefined when the path cannot belong to that place. */
export function rootFromProof(
  leaf: Buffer,
  index: number,
  count: number,
  path: readonly Uint8Array[],
): string | undefined {
  if (!(index >= 0 && index < count)) return undefined;
  const climb = (at: number, size: number, used: number): Buffer | undefined => {
    if (size === 1) return used === 0 ? leaf : undefined;
    const sibling = path[used - 1];
    if (!sibling) return undefined;
    const k = split(size);
    const below = at < k ? climb(at, k, used - 1) : climb(at - k, size - k, used - 1);
    if (!below) return undefined;
    return at < k ? nodeHash(below, sibling) : nodeHash(sibling, below);
  };
  return climb(index, count, path.length)?.toString('hex');
}
