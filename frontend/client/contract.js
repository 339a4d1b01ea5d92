/**
 * The events of the contract (docs/contract.md), as types. Ignore unknown fields. `Result` is what the task returns.
 *
 * @typedef {object} Told what every event says, gaps apart
 * @property {string} id `epoch-seq`: the cursor
 * @property {string} task_id
 * @property {string | null} name of the task
 * @property {string} state as Celery or the task calls it
 * @property {number} attempt from 1
 * @property {number} ts Unix seconds by the writer's clock
 * @property {boolean} final nothing comes after this event
 *
 * @typedef {object} Progress
 * @property {number} current
 * @property {number} [total]
 * @property {number} [percent] 0 to 100
 * @property {string} [message]
 *
 * @typedef {object} TaskFault
 * @property {string} code stable: what a program looks at
 * @property {string} message for people
 * @property {string} ref what the operator finds in the log
 *
 * @typedef {object} Estimate seconds from the event's `ts`
 * @property {number} [start] until the task begins
 * @property {number} [end] until it ends
 * @property {number} [spread] by how much both are wrong on average
 *
 * @typedef {"no_consumer" | "dependency"} Waiting no live worker consumes its queue; a task before it has not ended
 *
 * @typedef {Told & {type: "progress", progress?: Progress, estimate?: Estimate, data?: any, data_omitted?: true}} ProgressEvent
 * @typedef {Told & {type: "log", data: any}} LogEvent
 * @typedef {Told & {type: "data", data: any}} DataEvent
 *
 * @typedef {"websocket" | "sse" | "poll"} Transport
 * @typedef {"auto" | Transport} Mode which transport, or that the client is to choose
 * @typedef {"connecting" | "live" | "waiting" | "offline" | "ended" | "gone"} Line how the connection stands
 * @typedef {{code: string, message: string}} Refusal why the gateway does not let a task be followed
 */

/**
 * @template [Result=any]
 * @typedef {Told & {
 *   type: "state", progress?: Progress, result?: Result, result_omitted?: true, error?: TaskFault,
 *   retry?: {at: number, delay: number, max: number | null}, eta?: string, requeued?: true, replaced?: true,
 *   cancel?: "requested", data?: any, data_omitted?: true, ahead?: number, waiting?: Waiting, estimate?: Estimate,
 * }} StateEvent
 */

/**
 * Events are missing between the cursor and this one.
 *
 * @template [Result=any]
 * @typedef {object} GapEvent
 * @property {string} id the cursor to go on from
 * @property {string} task_id
 * @property {"gap"} type
 * @property {false} final
 * @property {{after: string, reason: "trimmed" | "epoch"}} gap
 * @property {StateEvent<Result> | ProgressEvent} snapshot the newest event that tells the task's state
 */

/**
 * @template [Result=any]
 * @typedef {StateEvent<Result> | ProgressEvent | LogEvent | DataEvent} JournalEvent
 */

/**
 * @template [Result=any]
 * @typedef {JournalEvent<Result> | GapEvent<Result>} TaskEvent
 */

export {};
