/** A refusal of the gateway, as RFC 9457 tells it. */
export class ProblemError extends Error {
  constructor({ title, detail, code }) {
    super([title, detail, code && `(${code})`].filter(Boolean).join(" "));
  }
}

/**
 * Ask for a report.
 *
 * @returns {Promise<{task_id: string, urls: {self: string, events: string, ws: string}}>}
 * @throws {ProblemError}
 */
export async function requestReport(userId) {
  const response = await fetch("/reports", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user_id: userId }),
  }).catch(() => {
    throw new ProblemError({ title: "The gateway does not answer." });
  });
  const body = await response.json().catch(() => ({ title: `The gateway answered ${response.status}.` }));
  if (!response.ok) throw new ProblemError(body);
  return body;
}
