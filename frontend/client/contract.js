/**
 * The events of the contract (docs/contract.md), as types. Ignore unknown fields. `Result` is what the task returns.
 *
 * @typedef {object} Told what every event says, gaps apart
 * @property {string} id `epoch-seq`: the cursor
 * @property {string} task_id
 * @property {string | null} name of the task
 * @property {string} state as Celery or the task calls it
 * @property {number} [attempt] from 1; absent where `source` is there and nobody knows
 * @property {"celery"} [source] the worker is without Taskbeam: the gateway has heard what Celery stores
 * @property {number} ts Unix seconds by the writer's clock
 * @property {boolean} final nothing comes after this event
 * @property {string[]} [files] paths of the files that the task stored and names in `result` or `data`
 * @property {true} [files_omitted] instead of paths that are too large
 * @property {number} [dropped] how many `log`, `data` and `output` events were lost just before this one
 * @property {Step[]} [steps] that the task has begun: all of them, with progress and with what ends its run
 * @property {number} [steps_omitted] how many are not in the list
 *
 * @typedef {object} Progress
 * @property {number} current
 * @property {number} [total]
 * @property {number} [percent] 0 to 100
 * @property {string} [message]
 *
 * @typedef {object} Step
 * @property {string} name
 * @property {"running" | "done" | "failed" | "stopped"} state
 * @property {number} [depth] how many steps are around it; absent for 0
 * @property {number} [weight] its share of what is around it, in percent
 * @property {number} [percent] how far it is itself, 0 to 100
 * @property {string} [message]
 * @property {number} began Unix seconds
 * @property {number} [ended] Unix seconds
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
 * @typedef {{offset: number, text: string, omitted?: number}} Written
 *   `offset` in UTF-16 units; `omitted`: how many of this attempt's are nowhere to be had
 * @typedef {Told & {type: "output", attempt: number, output: Written}} OutputEvent a piece of the text that the task writes
 * @typedef {{id?: undefined, type: "output", attempt: number, output: Written}} TextSoFar all of it, when one joins
 *
 * @typedef {Partial<StateEvent<undefined>> & {id?: undefined, type: "state", state: "PENDING", known: false, source: "celery"}} NothingKnown
 *   Celery has stored nothing of the task: it may be queued, or there may be none
 *
 * @typedef {"websocket" | "sse" | "poll"} Transport
 * @typedef {"auto" | Transport} Mode which transport, or that the client is to choose
 * @typedef {"connecting" | "live" | "waiting" | "offline" | "ended" | "gone"} Line how the connection stands
 * @typedef {{code: string, message: string}} Refusal why the gateway does not let a topic be followed
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
 * @property {"celery"} [source] it stands in the journal itself; its reason is `unheard`
 * @property {{after: string, reason: "trimmed" | "epoch" | "unheard"}} gap
 * @property {StateEvent<Result> | ProgressEvent} snapshot the newest event that tells the task's state
 */

/**
 * @template [Result=any]
 * @typedef {StateEvent<Result> | ProgressEvent | LogEvent | DataEvent | OutputEvent} JournalEvent
 */

/**
 * @template [Result=any]
 * @typedef {JournalEvent<Result> | GapEvent<Result>} TaskEvent
 */

/**
 * How a feed's tasks stand.
 *
 * @typedef {object} Rollup
 * @property {number} total tasks that the feed has
 * @property {number} open those that have not ended
 * @property {number} waiting those of them that are PENDING
 * @property {Record<string, number>} done how many ended in which state; states without any are absent
 * @property {number} [permille] how much of a group or a tree is done
 * @property {number | null} [size] members that a group will have; null while its sender has not sent all
 * @property {boolean} [final] whether a group or a tree has ended
 */

/**
 * Something happened to one of a feed's tasks, or (`rollup`, without `event`) is known of all of them. A transition has
 * `id` and `rollup`.
 *
 * @template [Result=any]
 * @typedef {object} FeedEvent
 * @property {string} [id] the feed's own cursor
 * @property {string} feed
 * @property {"task" | "rollup"} type
 * @property {JournalEvent<Result>} [event]
 * @property {Rollup} [rollup]
 */

/**
 * @typedef {{id: string, feed: string, type: "gap", final: false, gap: GapEvent["gap"], snapshot: FeedEvent | null}} FeedGap
 *   transitions are missing between the cursor and this one: the list is to be read anew
 * @typedef {FeedEvent | FeedGap} FeedMessage
 *
 * @typedef {object} FeedPage a page of a feed's tasks
 * @property {string} feed its own name, whatever it was asked by
 * @property {JournalEvent[]} tasks the newest event of each that tells its state; the newest task first
 * @property {Rollup} rollup
 * @property {string} last_event_id the cursor to follow the feed from
 * @property {number | null} next `before` of the next page; null where there is none
 */

export {};
