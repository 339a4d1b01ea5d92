import { OPEN_TIMEOUT, passing } from "./connection.js";
import { done, turn } from "./turns.js";

/** An answer that is no event: the request failed, or the gateway refuses the task. */
class Refused extends Error {
  /** @param {import("./contract.js").Refusal} refusal */
  constructor(refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

/**
 * One request of one task, as it is given to a way of listening.
 *
 * @typedef {object} Ask
 * @property {(query: Record<string, string>, accept: string) => Promise<Response>} get
 * @property {(ms: number) => void} patience how long there may be silence from now on
 * @property {() => void} heard
 * @property {(event: any) => void} event
 * @property {() => void} giveUp the turn is over
 * @property {boolean} unproven nothing has been heard on this connection
 * @property {boolean} fresh the first request of the task on this connection
 *
 * @param {(ask: Ask, topic: import("./connection.js").Topic) => Promise<boolean>} listen
 *   resolves with whether the task has ended; the next request is made when it has not
 * @returns {import("./connection.js").Open} a connection that is one request after another for each task
 */
export function openRequests(listen) {
  return (base, topics, ear) => {
    /** @type {Map<string, {stop: () => void, deadline: number}>} */
    const running = new Map();
    let unproven = true;
    let closed = false;

    /** @param {"refused" | "silent" | "cut"} failure */
    const fail = (failure) => closed || ear.failed(failure);

    /** @param {string} taskId */
    async function follow(taskId) {
      let stopped = false;
      let fresh = true;
      let controller = new AbortController();
      const run = { deadline: Infinity, stop: () => (stopped = true) && controller.abort() };
      running.set(taskId, run);
      while (!stopped) {
        await turn();
        const topic = topics.get(taskId);
        let over = false;
        let open = false;
        controller = new AbortController();
        try {
          if (stopped || !topic) return;
          let first = topic.after === null;
          /** @type {Ask} */
          const ask = {
            unproven,
            fresh,
            async get(query, accept) {
              ask.patience(OPEN_TIMEOUT);
              const response = await fetch(address(base, taskId, query, topic.after), {
                signal: controller.signal,
                cache: "no-store",
                headers: { Accept: accept, ...authorization(topic.token) },
              });
              open = true;
              if (!response.ok) throw new Refused(await refusal(response));
              if (!stopped) ear.opened();
              return response;
            },
            patience: (ms) => (run.deadline = Date.now() + ms),
            heard() {
              unproven = false;
              if (!stopped) ear.heard();
            },
            event(event) {
              if (!stopped) ear.event(event, first);
              first = false;
            },
            giveUp() {
              over = true;
              controller.abort();
            },
          };
          if ((await listen(ask, topic)) && !stopped) {
            run.stop();
            running.delete(taskId);
            ear.ended(taskId);
          }
          fresh = false;
        } catch (error) {
          if (stopped || over) continue;
          run.stop();
          if (!(error instanceof Refused)) fail(open ? "cut" : "refused");
          else if (passing(error.refusal.code)) fail("refused");
          else ear.refused(taskId, error.refusal);
        } finally {
          run.deadline = Infinity;
          done();
        }
      }
    }

    /** @param {string} taskId */
    const forget = (taskId) => {
      running.get(taskId)?.stop();
      running.delete(taskId);
    };
    /** @param {string} taskId */
    const ask = (taskId) => {
      forget(taskId);
      void follow(taskId);
    };
    for (const taskId of topics.keys()) ask(taskId);

    return {
      ask,
      forget,
      check() {
        const now = Date.now();
        for (const { deadline } of running.values()) if (now > deadline) return void fail("silent");
      },
      close() {
        closed = true;
        for (const taskId of [...running.keys()]) forget(taskId);
      },
    };
  };
}

/**
 * @param {string | undefined} token
 * @returns {Record<string, string>}
 */
export function authorization(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/**
 * @param {Response} response that is not ok
 * @returns {Promise<import("./contract.js").Refusal>} what its problem says; something on the way may have answered
 */
export async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const code = problem.code ?? (response.status >= 500 ? "unavailable" : `http_${response.status}`);
  return { code, message: problem.detail ?? problem.title ?? `The gateway answered ${response.status}.` };
}

/**
 * @param {URL} base
 * @param {string} taskId
 * @param {Record<string, string>} query
 * @param {string | null} after
 */
function address(base, taskId, query, after) {
  const url = new URL(`tasks/${encodeURIComponent(taskId)}/events`, base);
  for (const [name, value] of Object.entries(after ? { ...query, after } : query)) url.searchParams.set(name, value);
  return url;
}
