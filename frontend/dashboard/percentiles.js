/** Percentiles of what taskbeam/gateway/dashboard/durations.py counts. Pure. */

const GROWTH = 1.05;
const SHORTEST = 0.001;

/** How many took how long, by number of the bucket. @typedef {Record<string, number>} Durations */

/**
 * @param {Durations} sum changed
 * @param {Durations} more
 * @returns {Durations} sum
 */
export function add(sum, more) {
  for (const [bucket, count] of Object.entries(more)) sum[bucket] = (sum[bucket] ?? 0) + count;
  return sum;
}

/**
 * @param {Durations} counts
 * @param {number[]} parts of them, 0 to 1, ascending
 * @returns {number[] | null} seconds within which each part was done, right to 3 %; null: there is none
 */
export function percentiles(counts, parts) {
  const buckets = Object.entries(counts)
    .map(([bucket, count]) => /** @type {[number, number]} */ ([Number(bucket), count]))
    .sort(([one], [other]) => one - other);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  if (!total) return null;
  return parts.map((part) => {
    let left = Math.max(1, Math.ceil(part * total));
    const found = buckets.find(([, count]) => (left -= count) <= 0);
    return seconds(found?.[0] ?? 0);
  });
}

/** The middle of a bucket. @param {number} bucket */
function seconds(bucket) {
  return bucket === 0 ? SHORTEST / 2 : (SHORTEST * GROWTH ** bucket * 2) / (1 + GROWTH);
}
