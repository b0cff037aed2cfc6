// Does several things at once and hands the results out in the order they were asked for. Must never run ahead without bound.

/** Maps with at most `width` calls under way. A failing call fails the iteration at its place. */
export async function* ordered<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const queue: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // A later failure is met when its turn comes; until then nobody listens.
      result.catch(() => undefined);
      queue.push(result);
      if (queue.length >= width) yield await (queue.shift() as Promise<R>);
    }
    while (queue.length > 0) yield await (queue.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(queue);
  }
}
