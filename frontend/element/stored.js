/**
 * Where a file is that a job stored and names in its result: below the job, for whoever may read the job.
 *
 * @param {unknown} address as the result has it, `/files/…`
 * @param {string} taskId
 * @param {readonly string[] | undefined} files that it has named; an address that is none of them opens nothing
 * @param {string | URL} base the gateway
 * @returns {string} "" where it is none of these files
 */
export function storedFile(address, taskId, files, base) {
  const path = files?.map(escaped).find((path) => address === `/files/${path}`);
  return path === undefined ? "" : new URL(`tasks/${encodeURIComponent(taskId)}/files/${path}`, base).href;
}

/** @param {string} path */
function escaped(path) {
  return path.split("/").map(encodeURIComponent).join("/");
}
