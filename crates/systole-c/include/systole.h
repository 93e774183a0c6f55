/*
 * systole for C: heartbeats and failure detection. How to take it in: docs/c.md.
 *
 * Times are microseconds in 64 bits: spans, and moments of a clock whose epoch the caller chooses.
 * The caller owns all memory. No function allocates, blocks, reads a clock or calls back.
 *
 * Every function answers a systole_status_t: SYSTOLE_STATUS_OK, or why it did nothing. A pointer is
 * null or points to an object of its type that nobody else uses during the call. Where a comment
 * does not say that it may be null, null is refused. Functions that are not listed with other
 * answers refuse nothing but null and storage that holds no machine.
 *
 * cbindgen writes this file from crates/systole-c/src. Do not edit it.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#ifndef SYSTOLE_H
#define SYSTOLE_H

#include <stddef.h>
#include <stdint.h>
/* The caller has to look at the answer. */
#if defined(__GNUC__) || defined(__clang__)
#define SYSTOLE_MUST_USE __attribute__((warn_unused_result))
#else
#define SYSTOLE_MUST_USE
#endif

/**
 * The bytes of a plain heartbeat.
 */
#define SYSTOLE_BEAT_SIZE 24

/**
 * The bytes of a tagged heartbeat: a plain one and 16 bytes of a tag.
 */
#define SYSTOLE_BEAT_TAGGED_SIZE 40

/**
 * The 8-byte words of a `systole_clock_t`.
 */
#define SYSTOLE_CLOCK_WORDS 3

/**
 * The longest interval or bound that can be configured, in microseconds: 12.7 days.
 */
#define SYSTOLE_SPAN_MAX_US 1099511627776

/**
 * The most calls of `poll` at one moment until it returns `SYSTOLE_ACTION_WAIT` or
 * `SYSTOLE_ACTION_IDLE`.
 */
#define SYSTOLE_MAX_DRAIN 8

/**
 * The 8-byte words of a `systole_heartbeat_t`.
 */
#define SYSTOLE_HEARTBEAT_WORDS 41

/**
 * The 8-byte words of a `systole_planned_heartbeat_t`.
 */
#define SYSTOLE_PLANNED_HEARTBEAT_WORDS 72

/**
 * The 8-byte words of a `systole_lease_t`.
 */
#define SYSTOLE_LEASE_WORDS 101

/**
 * The 8-byte words of a `systole_listener_t`.
 */
#define SYSTOLE_LISTENER_WORDS 89

/**
 * The 8-byte words of a `systole_monitor_t`.
 */
#define SYSTOLE_MONITOR_WORDS 89

/**
 * The 8-byte words of a `systole_planned_monitor_t`.
 */
#define SYSTOLE_PLANNED_MONITOR_WORDS 120

/**
 * The 8-byte words of a `systole_sender_t`.
 */
#define SYSTOLE_SENDER_WORDS 8

/**
 * A moment that never comes, and the longest span.
 */
#define SYSTOLE_NEVER 18446744073709551615ull

/**
 * What a function answers: whether it did what it is for.
 *
 * A function that answers anything but `SYSTOLE_STATUS_OK` has changed nothing and has written
 * nothing but the `systole_error_t`.
 */
enum systole_status_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * It is done.
   */
  SYSTOLE_STATUS_OK = 0,
  /**
   * A pointer is null that must not be.
   */
  SYSTOLE_STATUS_NULL = 1,
  /**
   * A size is not that of this library's structure: the header belongs to another version, or
   * a configuration was not filled with its defaults.
   */
  SYSTOLE_STATUS_SIZE = 2,
  /**
   * The storage holds no machine of this kind: it was never initialised, or its content was
   * copied from elsewhere. A machine cannot be moved in memory.
   */
  SYSTOLE_STATUS_NOT_INITIALIZED = 3,
  /**
   * A number is none of the enumerators of its type.
   */
  SYSTOLE_STATUS_ENUM = 4,
  /**
   * A setting is out of its range. The `systole_error_t` says which, and what the range is.
   */
  SYSTOLE_STATUS_RANGE = 5,
  /**
   * The bytes are not a heartbeat.
   */
  SYSTOLE_STATUS_BEAT = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_status_t systole_status_t;
#else
typedef uint32_t systole_status_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The fields of a configuration, and the arguments, that an error can name.
 */
enum systole_setting_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * None, or one that this header does not know.
   */
  SYSTOLE_SETTING_UNKNOWN = 0,
  /**
   * `interval_us`
   */
  SYSTOLE_SETTING_INTERVAL = 1,
  /**
   * `interval_min_us`
   */
  SYSTOLE_SETTING_INTERVAL_MIN = 2,
  /**
   * `interval_max_us`
   */
  SYSTOLE_SETTING_INTERVAL_MAX = 3,
  /**
   * `timeout_first_us`
   */
  SYSTOLE_SETTING_TIMEOUT_FIRST = 4,
  /**
   * `timeout_min_us`
   */
  SYSTOLE_SETTING_TIMEOUT_MIN = 5,
  /**
   * `timeout_max_us`
   */
  SYSTOLE_SETTING_TIMEOUT_MAX = 6,
  /**
   * `detect_within_us`, and of a listener `first_within_us`
   */
  SYSTOLE_SETTING_DETECT_WITHIN = 7,
  /**
   * `retries`
   */
  SYSTOLE_SETTING_RETRIES = 8,
  /**
   * `gain_percent`
   */
  SYSTOLE_SETTING_GAIN = 9,
  /**
   * `jitter_percent`
   */
  SYSTOLE_SETTING_JITTER = 10,
  /**
   * `seed`
   */
  SYSTOLE_SETTING_SEED = 11,
  /**
   * `rise`
   */
  SYSTOLE_SETTING_RISE = 12,
  /**
   * `dead_after_refusals`
   */
  SYSTOLE_SETTING_REFUSALS = 13,
  /**
   * `mistakes_at_most_one_per_us`
   */
  SYSTOLE_SETTING_MISTAKE_RECURRENCE = 14,
  /**
   * `probes_at_most`
   */
  SYSTOLE_SETTING_PROBE_BUDGET = 15,
  /**
   * `losses`
   */
  SYSTOLE_SETTING_LOSSES = 16,
  /**
   * `policy`
   */
  SYSTOLE_SETTING_POLICY = 17,
  /**
   * `retry_spacing`
   */
  SYSTOLE_SETTING_RETRY_SPACING = 18,
  /**
   * `size`
   */
  SYSTOLE_SETTING_SIZE = 19,
  /**
   * `tick_us`
   */
  SYSTOLE_SETTING_TICK = 20,
  /**
   * `ttl_us`
   */
  SYSTOLE_SETTING_TTL = 21,
  /**
   * `lapses_at_most_one_per_us`
   */
  SYSTOLE_SETTING_LAPSE_RECURRENCE = 22,
  /**
   * `drift_ppm`
   */
  SYSTOLE_SETTING_DRIFT = 23,
  /**
   * `resolution_us`
   */
  SYSTOLE_SETTING_RESOLUTION = 24,
  /**
   * `stop_within_us`
   */
  SYSTOLE_SETTING_STOP_WITHIN = 25,
  /**
   * `send_within_us`
   */
  SYSTOLE_SETTING_SEND_WITHIN = 26,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_setting_t systole_setting_t;
#else
typedef uint32_t systole_setting_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The verdict on a peer: whether it is alive.
 */
enum systole_verdict_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Nothing was heard from the peer yet, or for one bound no probe could be sent.
   */
  SYSTOLE_VERDICT_UNKNOWN = 0,
  /**
   * The peer was heard, and nothing that was expected since is overdue.
   */
  SYSTOLE_VERDICT_ALIVE = 1,
  /**
   * A probe is overdue and is being retried, or a heartbeat is overdue.
   */
  SYSTOLE_VERDICT_SUSPECT = 2,
  /**
   * The bound on detection time has passed since the send time of the last probe that got a
   * reply, or of the newest heartbeat.
   */
  SYSTOLE_VERDICT_DEAD = 3,
  /**
   * The peer said goodbye. Only a peer that sends heartbeats unasked can.
   */
  SYSTOLE_VERDICT_LEFT = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_verdict_t systole_verdict_t;
#else
typedef uint32_t systole_verdict_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What became of a grant.
 */
enum systole_grant_outcome_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * One that this header does not know.
   */
  SYSTOLE_GRANT_UNKNOWN = 0,
  /**
   * The lease is held, and the fence moved later.
   */
  SYSTOLE_GRANT_EXTENDED = 1,
  /**
   * The lease is held, and the fence did not move later: a request that was sent later is
   * acknowledged already, or the server granted less.
   */
  SYSTOLE_GRANT_UNEXTENDED = 2,
  /**
   * The answer took so long that what it grants may be over. The lease is not held.
   */
  SYSTOLE_GRANT_TOO_LATE = 3,
  /**
   * The server granted no time at all. The lease is lost, as if it had been refused.
   */
  SYSTOLE_GRANT_NOTHING = 4,
  /**
   * The epoch is lower than one that was seen, so the grant is an old one. It changes nothing.
   */
  SYSTOLE_GRANT_STALE = 5,
  /**
   * No such request is outstanding. Nothing changes.
   */
  SYSTOLE_GRANT_NO_REQUEST = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_grant_outcome_t systole_grant_outcome_t;
#else
typedef uint32_t systole_grant_outcome_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What became of a refusal.
 */
enum systole_refusal_outcome_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * One that this header does not know.
   */
  SYSTOLE_REFUSED_UNKNOWN = 0,
  /**
   * The lease is over.
   */
  SYSTOLE_REFUSED_LOST = 1,
  /**
   * The lease was not held. It is asked for again.
   */
  SYSTOLE_REFUSED_NOT_YET = 2,
  /**
   * An acquisition was refused that was sent before the one that was granted. Nothing changes.
   */
  SYSTOLE_REFUSED_OLD = 3,
  /**
   * No such request is outstanding. Nothing changes.
   */
  SYSTOLE_REFUSED_NO_REQUEST = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_refusal_outcome_t systole_refusal_outcome_t;
#else
typedef uint32_t systole_refusal_outcome_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What the caller has to do.
 */
enum systole_action_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * One that this header does not know: poll again.
   */
  SYSTOLE_ACTION_UNKNOWN = 0,
  /**
   * Send a probe or a heartbeat now, then poll again.
   */
  SYSTOLE_ACTION_SEND = 1,
  /**
   * Handle the event, then poll again.
   */
  SYSTOLE_ACTION_EVENT = 2,
  /**
   * There is nothing to do before a moment in the future, unless something arrives.
   */
  SYSTOLE_ACTION_WAIT = 3,
  /**
   * There is nothing to do any more: the clock has reached `SYSTOLE_NEVER`, or the machine has
   * ended.
   */
  SYSTOLE_ACTION_IDLE = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_action_t systole_action_t;
#else
typedef uint32_t systole_action_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What the server is asked for.
 */
enum systole_lease_action_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Nothing, or something that this header does not know.
   */
  SYSTOLE_LEASE_ACTION_UNKNOWN = 0,
  /**
   * Get the lease, which is not held. The server has to treat a repetition with the token of the
   * same `holding` as the same acquisition: the first one may have been granted, and its answer
   * lost.
   */
  SYSTOLE_LEASE_ACTION_ACQUIRE = 1,
  /**
   * Extend the lease, if this holder still has it.
   */
  SYSTOLE_LEASE_ACTION_RENEW = 2,
  /**
   * Give the lease back, if this holder still has it.
   */
  SYSTOLE_LEASE_ACTION_RELEASE = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_lease_action_t systole_lease_action_t;
#else
typedef uint32_t systole_lease_action_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What happened to a lease.
 */
enum systole_lease_event_kind_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * None, or one that this header does not know.
   */
  SYSTOLE_LEASE_EVENT_UNKNOWN = 0,
  /**
   * The lease is held: `epoch`.
   */
  SYSTOLE_LEASE_EVENT_HELD = 1,
  /**
   * A renewal is overdue. It is retried: `left_us`.
   */
  SYSTOLE_LEASE_EVENT_LATE = 2,
  /**
   * The holder must not act any more: `fence_reason`. Renewals go on, and if the server still
   * knows the lease, `SYSTOLE_LEASE_EVENT_REGAINED` follows.
   */
  SYSTOLE_LEASE_EVENT_FENCED = 3,
  /**
   * The server said that the lease is over: `refusal`. It is asked for again.
   */
  SYSTOLE_LEASE_EVENT_LOST = 4,
  /**
   * The lease is held again: `epoch`. If it is the same as before, nobody else held the lease in
   * between.
   */
  SYSTOLE_LEASE_EVENT_REGAINED = 5,
  /**
   * The lease lapsed more often than was promised. The plan is corrected.
   */
  SYSTOLE_LEASE_EVENT_PROMISE_BROKEN = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_lease_event_kind_t systole_lease_event_kind_t;
#else
typedef uint32_t systole_lease_event_kind_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why the holder must not act any more.
 */
enum systole_fence_reason_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * None, or one that this header does not know.
   */
  SYSTOLE_FENCE_REASON_UNKNOWN = 0,
  /**
   * No renewal was acknowledged in time.
   */
  SYSTOLE_FENCE_REASON_ELAPSED = 1,
  /**
   * The clock ran backwards, or the caller said that it cannot be trusted.
   */
  SYSTOLE_FENCE_REASON_CLOCK = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_fence_reason_t systole_fence_reason_t;
#else
typedef uint32_t systole_fence_reason_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Why a server refuses a request.
 */
enum systole_refusal_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * None, or one that this header does not know. Functions refuse it.
   */
  SYSTOLE_REFUSAL_UNKNOWN = 0,
  /**
   * Somebody else holds the lease.
   */
  SYSTOLE_REFUSAL_HELD_BY_ANOTHER = 1,
  /**
   * The server does not know the lease any more: it expired or was deleted.
   */
  SYSTOLE_REFUSAL_EXPIRED = 2,
  /**
   * The server does not allow it.
   */
  SYSTOLE_REFUSAL_DENIED = 3,
  /**
   * The server granted a new epoch to a renewal, so the lease was given away in between.
   */
  SYSTOLE_REFUSAL_EPOCH_CHANGED = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_refusal_t systole_refusal_t;
#else
typedef uint32_t systole_refusal_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What became of a heartbeat that was handed to a listener. Each outcome has its counter.
 */
enum systole_beat_outcome_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * One that this header does not know.
   */
  SYSTOLE_BEAT_UNKNOWN = 0,
  /**
   * The heartbeat continues the known life of the peer, and proves it.
   */
  SYSTOLE_BEAT_FRESH = 1,
  /**
   * The heartbeat continues the known life, but is older than the bound: it proves no life.
   */
  SYSTOLE_BEAT_STALE = 2,
  /**
   * The peer has a new life: the heartbeat is the first of all, or the first that is believed of
   * a new incarnation or after a jump of the sequence.
   */
  SYSTOLE_BEAT_NEW_LIFE = 3,
  /**
   * The peer said goodbye.
   */
  SYSTOLE_BEAT_GOODBYE = 4,
  /**
   * The heartbeat arrived after a later one.
   */
  SYSTOLE_BEAT_REORDERED = 5,
  /**
   * The heartbeat was heard before, or is too old to tell.
   */
  SYSTOLE_BEAT_REPEATED = 6,
  /**
   * The heartbeat was not believed: it is not authentic, or of another incarnation, or comes
   * after a jump of the sequence that the next heartbeat has yet to confirm.
   */
  SYSTOLE_BEAT_IGNORED = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_beat_outcome_t systole_beat_outcome_t;
#else
typedef uint32_t systole_beat_outcome_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What an event reports.
 */
enum systole_event_kind_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * None, or one that this header does not know.
   */
  SYSTOLE_EVENT_UNKNOWN = 0,
  /**
   * The verdict changed, or a peer that is alive has a new incarnation: `from`, `to`, `reason`,
   * `failure`, `level_milli`.
   */
  SYSTOLE_EVENT_TRANSITION = 1,
  /**
   * The caller polled late, by `lateness_us`. That time was credited to the peer.
   */
  SYSTOLE_EVENT_PAUSED = 2,
  /**
   * The stated bound on detection time cannot be kept: `bound_from_us`, `bound_to_us`,
   * `relaxed_by`.
   */
  SYSTOLE_EVENT_BOUND_RELAXED = 3,
  /**
   * There were more mistakes than the planner promised, beyond what chance explains. It plans
   * more strictly from here on.
   */
  SYSTOLE_EVENT_PROMISE_BROKEN = 4,
  /**
   * For one bound no probe could be sent and nothing proved life, since `since_us`. The cause is
   * local, so the verdict is `SYSTOLE_VERDICT_UNKNOWN`.
   */
  SYSTOLE_EVENT_BLIND = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_event_kind_t systole_event_kind_t;
#else
typedef uint32_t systole_event_kind_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The reason for a change of verdict.
 */
enum systole_reason_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * None, or one that this header does not know.
   */
  SYSTOLE_REASON_UNKNOWN = 0,
  /**
   * The first reply, or a reply to the overdue probe or to its retry.
   */
  SYSTOLE_REASON_ANSWERED = 1,
  /**
   * A probe or a heartbeat is overdue.
   */
  SYSTOLE_REASON_OVERDUE = 2,
  /**
   * A probe failed before its timeout. The event's `failure` says how.
   */
  SYSTOLE_REASON_FAILED = 3,
  /**
   * Nothing was heard from the peer for the whole bound.
   */
  SYSTOLE_REASON_BOUND_ELAPSED = 4,
  /**
   * The bound passed, and nothing was ever heard from the peer.
   */
  SYSTOLE_REASON_NEVER_HEARD = 5,
  /**
   * `SYSTOLE_VERDICT_DEAD` was a mistake: the peer replied to a probe that was sent before that
   * verdict, and within the bound.
   */
  SYSTOLE_REASON_REFUTED = 6,
  /**
   * The first reply after `SYSTOLE_VERDICT_DEAD` is to a probe sent after that verdict: the
   * peer came back.
   */
  SYSTOLE_REASON_RECOVERED = 7,
  /**
   * The peer was heard after `SYSTOLE_VERDICT_DEAD`, and what was heard does not tell a mistake
   * from a recovery.
   */
  SYSTOLE_REASON_UNDECIDED = 8,
  /**
   * The caller, or the peer's heartbeats, announced a new incarnation of the peer.
   */
  SYSTOLE_REASON_RESTARTED = 9,
  /**
   * The peer said goodbye.
   */
  SYSTOLE_REASON_LEFT = 10,
  /**
   * For one bound no probe could be sent and nothing proved life.
   */
  SYSTOLE_REASON_BLIND = 11,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_reason_t systole_reason_t;
#else
typedef uint32_t systole_reason_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The way in which a probe failed before its timeout. A failure is evidence against the peer,
 * unlike a probe that could not be sent.
 */
enum systole_failure_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * None, or one that this header does not know. Functions refuse it.
   */
  SYSTOLE_FAILURE_UNKNOWN = 0,
  /**
   * The connection was refused, or the port is unreachable.
   */
  SYSTOLE_FAILURE_REFUSED = 1,
  /**
   * The connection was reset or closed.
   */
  SYSTOLE_FAILURE_RESET = 2,
  /**
   * The host or network is unreachable.
   */
  SYSTOLE_FAILURE_UNREACHABLE = 3,
  /**
   * The peer sent something that is not a valid reply.
   */
  SYSTOLE_FAILURE_INVALID_REPLY = 4,
  /**
   * The peer replied that it does not serve.
   */
  SYSTOLE_FAILURE_UNHEALTHY = 5,
  /**
   * The caller's probing code failed.
   */
  SYSTOLE_FAILURE_PROBING = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_failure_t systole_failure_t;
#else
typedef uint32_t systole_failure_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What overrides the stated bound.
 */
enum systole_relaxed_by_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Nothing, or something that this header does not know.
   */
  SYSTOLE_RELAXED_BY_UNKNOWN = 0,
  /**
   * The peer asked for fewer probes.
   */
  SYSTOLE_RELAXED_BY_PUSHBACK = 1,
  /**
   * The peer advertised a deadline that is later than the bound.
   */
  SYSTOLE_RELAXED_BY_ADVERTISED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_relaxed_by_t systole_relaxed_by_t;
#else
typedef uint32_t systole_relaxed_by_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How the steady interval follows from the path.
 */
enum systole_policy_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * None, or one that this header does not know. Functions refuse it.
   */
  SYSTOLE_POLICY_UNKNOWN = 0,
  /**
   * The fluctuation rule: the interval is `interval_us` on a steady path and longer on an
   * unsteady one. It is polite, not quick.
   */
  SYSTOLE_POLICY_EVERY = 1,
  /**
   * The same interval whatever the path does. Timeouts still follow the round-trip times.
   */
  SYSTOLE_POLICY_FIXED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_policy_t systole_policy_t;
#else
typedef uint32_t systole_policy_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How the waits between the retries of an overdue probe grow.
 */
enum systole_spacing_t
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * None, or one that this header does not know. Functions refuse it.
   */
  SYSTOLE_SPACING_UNKNOWN = 0,
  /**
   * Every wait is one timeout.
   */
  SYSTOLE_SPACING_FIXED = 1,
  /**
   * Waits double.
   */
  SYSTOLE_SPACING_EXPONENTIAL = 2,
  /**
   * Waits grow by half, but none is over 2/5 of what is left until the bound. For
   * configurations that state `detect_within_us`.
   */
  SYSTOLE_SPACING_CLOSING = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum systole_spacing_t systole_spacing_t;
#else
typedef uint32_t systole_spacing_t;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A heartbeat that a peer sends unasked. All values are accepted: a listener limits what they
 * claim to its configured range.
 */
typedef struct systole_beat_t {
  /**
   * The time from its slot to the next, in microseconds.
   */
  uint64_t interval_us;
  /**
   * How long after its slot the next heartbeat will have been sent at the latest, in
   * microseconds.
   */
  uint64_t deadline_us;
  /**
   * The id of the sender, by which a listener to many tells them apart; 0 where it has none.
   */
  uint64_t id;
  /**
   * The number of the slot in which it is sent. Sequence numbers wrap.
   */
  uint32_t sequence;
  /**
   * Which life of the sender it comes from.
   */
  uint32_t incarnation;
  /**
   * The load of the sender, 0 idle to 255 full, or the exit status where it leaves; 0 where
   * neither is reported.
   */
  uint8_t load;
  /**
   * Whether the sender reports its load, or its exit status where it leaves: 0 or 1.
   */
  uint8_t has_load;
  /**
   * Whether the sender leaves: 0 or 1.
   */
  uint8_t goodbye;
  /**
   * Whether it is known to come from the peer: 0 or 1. Set it only where the heartbeat came
   * through an authenticated channel; `systole_beat_open` sets it.
   */
  uint8_t authentic;
} systole_beat_t;

/**
 * What is wrong: a setting, its value, and what it may be. `systole_error_message` writes it out.
 */
typedef struct systole_error_t {
  /**
   * What the function answered.
   */
  systole_status_t status;
  /**
   * The setting that was refused; 0 where none was.
   */
  systole_setting_t setting;
  /**
   * The value that was refused, in the unit of its field.
   */
  uint64_t value;
  /**
   * The least value that would have been accepted, with the other settings unchanged.
   */
  uint64_t min;
  /**
   * The greatest value that would have been accepted, with the other settings unchanged.
   */
  uint64_t max;
} systole_error_t;

/**
 * Extends a wrapping 32-bit tick counter to microseconds in 64 bits.
 *
 * Read it at least once per half turn of the counter, which is every 35 minutes for a 1 MHz
 * counter. A step of more than half the counter's range is read as a step backwards, and a step
 * backwards as no time passed.
 */
typedef struct systole_clock_t {
  /**
   * For the library alone.
   */
  uint64_t opaque[SYSTOLE_CLOCK_WORDS];
} systole_clock_t;

/**
 * The settings of a heartbeat or a monitor that knows its interval.
 *
 * Fill it with `systole_config_every` or `systole_config_fixed` and then change what differs. The
 * `_init` functions check it, and do not keep the pointer.
 */
typedef struct systole_config_t {
  /**
   * The size of this structure, as the functions that fill it set it.
   */
  uint32_t size;
  /**
   * How the interval follows from the path.
   */
  systole_policy_t policy;
  /**
   * The base interval, 1 us to 12.7 days.
   */
  uint64_t interval_us;
  /**
   * The shortest steady interval, jitter included; 0 in both this and the next field: 0.9 base
   * intervals.
   */
  uint64_t interval_min_us;
  /**
   * The longest steady interval; 0 in both: 4 base intervals, or 1 with `SYSTOLE_POLICY_FIXED`.
   */
  uint64_t interval_max_us;
  /**
   * The timeout before the first sample; 0 in this and the next two fields: 2 s.
   */
  uint64_t timeout_first_us;
  /**
   * The shortest timeout; 0 in all three: a tenth of the base interval, at most 1 s. It should
   * be at least as long as the longest pause of a healthy peer.
   */
  uint64_t timeout_min_us;
  /**
   * The longest timeout, up to 71 minutes; 0 in all three: 60 s.
   */
  uint64_t timeout_max_us;
  /**
   * The longest time from a crash to `SYSTOLE_VERDICT_DEAD`, if polled on time; 0: none is
   * stated, and the bound is the sum of interval, timeout and retries. To keep a stated bound,
   * the machine shortens intervals and timeouts and leaves out retries.
   */
  uint64_t detect_within_us;
  /**
   * From which lateness of this process on a monitor reports `SYSTOLE_EVENT_PAUSED`. Above 71
   * minutes it reports none. All lateness is credited to the peer in any case.
   */
  uint64_t report_pauses_over_us;
  /**
   * From what jitter, the time of the first probe and probe ids follow: another one for each
   * device, and from a random source where ids have to be hard to guess. A monitor needs it. A
   * heartbeat with 0 draws its jitter from the round-trip times.
   */
  uint64_t seed;
  /**
   * How the waits between retries grow.
   */
  systole_spacing_t retry_spacing;
  /**
   * How much of the fluctuation lengthens the interval, in per cent: 0 to 1000. Not used with
   * `SYSTOLE_POLICY_FIXED`.
   */
  uint16_t gain_percent;
  /**
   * How often an overdue probe is repeated before the peer is dead: 0 to 16.
   */
  uint8_t retries;
  /**
   * By how much jitter may shorten an interval, in per cent: 0 to 50.
   */
  uint8_t jitter_percent;
  /**
   * How many replies in a row bring a dead peer back: 1 to 255.
   */
  uint8_t rise;
  /**
   * How many refusals in a row suffice for `SYSTOLE_VERDICT_DEAD` before the bound has passed:
   * 2 to 255; 0: the bound has to pass.
   */
  uint8_t dead_after_refusals;
  /**
   * Whether a monitor sends its first probe at once, rather than at a random moment of the first
   * interval: 0 or 1.
   */
  uint8_t without_initial_delay;
} systole_config_t;

/**
 * Drives probes from any loop: give it the outcome of each probe, and sleep for the interval that
 * it returns.
 *
 * It reads no clock. It counts its own intervals and timeouts as the time that has passed, so the
 * loop has to keep them: intervals run from send to send, a probe without a reply is waited for as
 * long as `systole_heartbeat_timeout` says, and a probe that takes longer than the interval is
 * followed by the next one at once. A loop that cannot keep these times should use
 * `systole_monitor_t`, which takes the caller's clock.
 *
 * One probe at a time is under way. Steady intervals lie within the configured limits, jitter
 * included, whatever was fed in. `SYSTOLE_VERDICT_DEAD` comes at most one bound after the crash if
 * the times are kept; `systole_heartbeat_snapshot` states the bound.
 *
 * The storage belongs to the caller and must not be moved or copied once it is initialised. It
 * needs no clean-up. One thread at a time may use it.
 */
typedef struct systole_heartbeat_t {
  /**
   * For the library alone.
   */
  uint64_t opaque[SYSTOLE_HEARTBEAT_WORDS];
} systole_heartbeat_t;

/**
 * What the planner promises on the path as measured, and how the promise was kept so far. All 0
 * without the planner.
 */
typedef struct systole_promise_t {
  /**
   * The longest time from a crash to `SYSTOLE_VERDICT_DEAD`, in microseconds.
   */
  uint64_t detect_within_us;
  /**
   * The expected time from one mistake to the next, in microseconds.
   */
  uint64_t mistakes_at_most_one_per_us;
  /**
   * The time since the audit began, in microseconds.
   */
  uint64_t audited_us;
  /**
   * The expected probes per second, retries included.
   */
  double probes_per_s;
  /**
   * Mistakes since the audit began.
   */
  uint32_t mistakes;
  /**
   * The requirement that the path does not allow; 0 where there is none.
   */
  systole_setting_t infeasible;
  /**
   * The nearest feasible value of that requirement, in the unit of its field.
   */
  uint64_t nearest;
} systole_promise_t;

/**
 * What is known of a path, and what is planned.
 */
typedef struct systole_snapshot_t {
  /**
   * Whether the peer is alive.
   */
  systole_verdict_t verdict;
  /**
   * The suspicion level, in thousandths of a decade.
   */
  uint32_t level_milli;
  /**
   * The time from one steady probe to the next, before jitter, in microseconds.
   */
  uint64_t interval_us;
  /**
   * How long a steady probe may have no reply before it is overdue, in microseconds.
   */
  uint64_t timeout_us;
  /**
   * The longest time from a crash to `SYSTOLE_VERDICT_DEAD`, if polled on time, in microseconds.
   */
  uint64_t bound_us;
  /**
   * The mean of the round-trip times in the window, in microseconds.
   */
  uint64_t mean_us;
  /**
   * Their population standard deviation, in microseconds.
   */
  uint64_t standard_deviation_us;
  /**
   * The smoothed round-trip time of RFC 6298, in microseconds.
   */
  uint64_t smoothed_us;
  /**
   * The standard deviation divided by the mean.
   */
  double fluctuation;
  /**
   * The estimated probability that a probe is lost, 0 to 1.
   */
  double loss;
  /**
   * The number of round-trip times in the window.
   */
  uint32_t samples;
  /**
   * How often an overdue probe is repeated.
   */
  uint32_t retries;
  /**
   * What the planner promises.
   */
  struct systole_promise_t promise;
} systole_snapshot_t;

/**
 * A heartbeat whose planner derives interval, timeout and retries from a bound on detection time
 * and a rate of mistakes. Its functions do what those of a `systole_heartbeat_t` do.
 */
typedef struct systole_planned_heartbeat_t {
  /**
   * For the library alone.
   */
  uint64_t opaque[SYSTOLE_PLANNED_HEARTBEAT_WORDS];
} systole_planned_heartbeat_t;

/**
 * The settings of a heartbeat or a monitor whose planner derives interval, timeout and retries
 * from a bound on detection time and a rate of mistakes.
 *
 * Fill it with `systole_planned_config` and then change what differs.
 */
typedef struct systole_planned_config_t {
  /**
   * The size of this structure, as `systole_planned_config` sets it.
   */
  uint32_t size;
  /**
   * The most steady probes in 1,000 seconds, at least two per bound; 0: no limit.
   */
  uint32_t probes_at_most;
  /**
   * The longest time from a crash to `SYSTOLE_VERDICT_DEAD`, if polled on time: 1 ms to 12.7
   * days.
   */
  uint64_t detect_within_us;
  /**
   * The least expected time from one mistake to the next, from ten bounds to a century; 0: a
   * day, or ten bounds where those are longer.
   */
  uint64_t mistakes_at_most_one_per_us;
  /**
   * As in `systole_config_t`.
   */
  uint64_t report_pauses_over_us;
  /**
   * As in `systole_config_t`.
   */
  uint64_t seed;
  /**
   * As in `systole_config_t`.
   */
  uint8_t jitter_percent;
  /**
   * As in `systole_config_t`.
   */
  uint8_t rise;
  /**
   * As in `systole_config_t`.
   */
  uint8_t dead_after_refusals;
  /**
   * As in `systole_config_t`.
   */
  uint8_t without_initial_delay;
} systole_planned_config_t;

/**
 * Keeps a lease: it asks for it, renews it, and tells until when the holder may act. It opens no
 * socket and reads no clock.
 *
 * Call `systole_lease_poll` and send what it asks for. Hand in every answer. Guard every action by
 * `systole_lease_is_held` with the current time.
 *
 * The holder is never told that it holds a lease that may have expired. The fence is the send time
 * of the newest acknowledged request, plus the TTL that the server granted to it, less the drift of
 * both clocks and the resolution of the server's. No late call moves it later, and no answer that
 * comes late, twice, out of order, or to an unknown request.
 *
 * That needs a clock that counts the time in which the device sleeps, calls with the current time,
 * and a server that keeps what it granted. Against a server that does not, only the epoch (fencing
 * token) helps, checked by the resource that the lease protects. A clock that runs backwards ends
 * the holding at once.
 *
 * Renewals are as rare as the path allows: the planner measures how long silences last, and
 * computes in floating point. The last 32 requests are remembered.
 */
typedef struct systole_lease_t {
  /**
   * For the library alone.
   */
  uint64_t opaque[SYSTOLE_LEASE_WORDS];
} systole_lease_t;

/**
 * The settings of a lease. Fill it with the function of its protocol, such as
 * `systole_lease_config_renewed`, and then change what differs.
 */
typedef struct systole_lease_config_t {
  /**
   * The size of this structure, as the functions that fill it set it.
   */
  uint32_t size;
  /**
   * How far the clocks of holder and server may drift apart, in millionths of the TTL: 0 to
   * 100000. 1000 covers two clocks that are off by 500 ppm each, in opposite directions.
   */
  uint32_t drift_ppm;
  /**
   * The TTL that is asked for, up to 98302.5 s.
   */
  uint64_t ttl_us;
  /**
   * The least expected time from one lapse to the next, from ten TTLs to a century; 0: a day, or
   * ten TTLs where those are longer. A lapse is a moment at which the fence passes although the
   * server could have been reached.
   */
  uint64_t lapses_at_most_one_per_us;
  /**
   * By how much the server may end a lease too early because its clock, or the TTL that it
   * stores, is coarse.
   */
  uint64_t resolution_us;
  /**
   * How long the holder needs to stop. Renewals are planned to succeed so long before the fence,
   * and `systole_lease_stop_at` is so much earlier.
   */
  uint64_t stop_within_us;
  /**
   * The longest time without anything sent, where the protocol demands that of a client: 1 ms or
   * more; 0: no limit.
   */
  uint64_t send_within_us;
  /**
   * From what the jitter follows: another one for each holder.
   */
  uint64_t seed;
  /**
   * By how much jitter may shorten an interval, in per cent: 0 to 50.
   */
  uint8_t jitter_percent;
} systole_lease_config_t;

/**
 * A request to the server.
 */
typedef struct systole_lease_request_t {
  /**
   * What to ask for.
   */
  systole_lease_action_t action;
  /**
   * Names the request. Hand it back with the answer. It is a count, and need not be sent.
   */
  uint32_t renewal;
  /**
   * The TTL to ask for, in microseconds.
   */
  uint64_t ttl_us;
  /**
   * The number of this holding, from 1. Make the token by which the server tells holders apart
   * from it and from something that no other process has: then no delayed request of an earlier
   * holding can shorten or end a later one.
   */
  uint32_t holding;
} systole_lease_request_t;

/**
 * Something that happened to a lease. Fields that its kind does not name are 0.
 */
typedef struct systole_lease_event_t {
  /**
   * What happened.
   */
  systole_lease_event_kind_t kind;
  /**
   * The event's number. Numbers rise by one.
   */
  uint32_t number;
  /**
   * When it happened, on the caller's clock.
   */
  uint64_t at_us;
  /**
   * The fencing token of the server.
   */
  uint64_t epoch;
  /**
   * The time that is left until the fence, in microseconds.
   */
  uint64_t left_us;
  /**
   * Why the holder must stop.
   */
  systole_fence_reason_t fence_reason;
  /**
   * What the server said.
   */
  systole_refusal_t refusal;
} systole_lease_event_t;

/**
 * What a lease asks for. Fields that its action does not name are 0.
 */
typedef struct systole_lease_output_t {
  /**
   * What to do.
   */
  systole_action_t action;
  /**
   * With `SYSTOLE_ACTION_WAIT`: until when there is nothing to do.
   */
  uint64_t until_us;
  /**
   * With `SYSTOLE_ACTION_SEND`: the request to send.
   */
  struct systole_lease_request_t request;
  /**
   * With `SYSTOLE_ACTION_EVENT`: what happened.
   */
  struct systole_lease_event_t event;
} systole_lease_output_t;

/**
 * What a lease promises on the path as measured, and how the promise was kept so far. The fence is
 * a guarantee; the time between lapses is an expectation.
 */
typedef struct systole_lease_promise_t {
  /**
   * The expected time from one lapse to the next, in microseconds.
   */
  uint64_t lapses_at_most_one_per_us;
  /**
   * The time since the audit began, in microseconds.
   */
  uint64_t audited_us;
  /**
   * The expected renewals per second, retries included.
   */
  double renewals_per_s;
  /**
   * Lapses since the audit began that the plan is to blame for.
   */
  uint32_t lapses;
  /**
   * The requirement that the path does not allow, `SYSTOLE_SETTING_TTL` or
   * `SYSTOLE_SETTING_LAPSE_RECURRENCE`; 0 where there is none.
   */
  systole_setting_t infeasible;
  /**
   * The nearest feasible value of that requirement, in microseconds.
   */
  uint64_t nearest_us;
} systole_lease_promise_t;

/**
 * What happened to a lease since it was initialised. Counters never fall, and each saturates.
 */
typedef struct systole_lease_counters_t {
  /**
   * Requests that were sent.
   */
  uint32_t sent;
  /**
   * Requests that the server granted.
   */
  uint32_t granted;
  /**
   * Requests that the server refused.
   */
  uint32_t refused;
  /**
   * Requests that failed: they could not be sent, or their connection broke.
   */
  uint32_t failed;
  /**
   * Answers to requests that are not outstanding, or of an old epoch.
   */
  uint32_t ignored;
  /**
   * How often the fence was reached while the lease was held.
   */
  uint32_t fenced;
  /**
   * How often the server ended the lease.
   */
  uint32_t lost;
} systole_lease_counters_t;

/**
 * A lease at a moment.
 */
typedef struct systole_lease_snapshot_t {
  /**
   * Whether the holder may act: 0 or 1.
   */
  uint8_t is_held;
  /**
   * The epoch that the server gave last.
   */
  uint64_t epoch;
  /**
   * The first moment at which the holder may not act; 0 where the lease is not held.
   */
  uint64_t fence_at_us;
  /**
   * The TTL that the server granted last, in microseconds; 0 where nothing is granted.
   */
  uint64_t ttl_us;
  /**
   * The interval at which the lease is renewed, before jitter, in microseconds.
   */
  uint64_t interval_us;
  /**
   * How long a renewal may have no answer before it is overdue, in microseconds.
   */
  uint64_t timeout_us;
  /**
   * What is promised about lapses.
   */
  struct systole_lease_promise_t promise;
  /**
   * What happened so far.
   */
  struct systole_lease_counters_t counters;
} systole_lease_snapshot_t;

/**
 * The settings of a listener. Fill it with `systole_listener_config` and then change what differs.
 */
typedef struct systole_listener_config_t {
  /**
   * The size of this structure, as `systole_listener_config` sets it.
   */
  uint32_t size;
  /**
   * The smallest incarnation that an authenticated listener accepts.
   */
  uint32_t incarnations_from;
  /**
   * The longest time from a crash to `SYSTOLE_VERDICT_DEAD`, if polled on time, the delay of the
   * newest heartbeat on top: 1 us to 12.7 days; 0: it follows from what the peer advertises.
   */
  uint64_t detect_within_us;
  /**
   * The shortest interval and deadline that a peer may advertise.
   */
  uint64_t interval_min_us;
  /**
   * The longest interval and deadline that a peer may advertise, up to 12.7 days.
   */
  uint64_t interval_max_us;
  /**
   * How long the first heartbeat is waited for; 0: the stated bound, else the longest interval.
   */
  uint64_t first_within_us;
  /**
   * From which lateness of this process on `SYSTOLE_EVENT_PAUSED` is reported. All lateness is
   * credited to the peer in any case.
   */
  uint64_t report_pauses_over_us;
  /**
   * How many heartbeats in a row may be lost where no bound is stated: 0 to 100.
   */
  uint8_t losses;
  /**
   * How many heartbeats bring a dead peer back: 1 to 255.
   */
  uint8_t rise;
  /**
   * Whether only authentic heartbeats are accepted: 0 or 1.
   */
  uint8_t authenticated;
} systole_listener_config_t;

/**
 * Listens to one peer that sends heartbeats unasked, and judges from the last arrivals whether it
 * is alive. It opens no socket and sends nothing.
 *
 * Hand in what arrived. Then call `systole_listener_poll` until it returns `SYSTOLE_ACTION_WAIT`,
 * which is the deadline to sleep until.
 *
 * `SYSTOLE_VERDICT_DEAD` comes at most the bound in force, the delay of the newest heartbeat and
 * the local lateness after the crash. A heartbeat of another incarnation is not believed at once:
 * a second one has to follow it at the right pace, and the known incarnation has to be overdue.
 */
typedef struct systole_listener_t {
  /**
   * For the library alone.
   */
  uint64_t opaque[SYSTOLE_LISTENER_WORDS];
} systole_listener_t;

/**
 * Something that happened. Fields that its kind does not name are 0.
 */
typedef struct systole_event_t {
  /**
   * What happened.
   */
  systole_event_kind_t kind;
  /**
   * The event's number. Numbers rise by one, so a gap shows events that were not taken in time.
   */
  uint32_t number;
  /**
   * When it happened, on the caller's clock.
   */
  uint64_t at_us;
  /**
   * The verdict before the change.
   */
  systole_verdict_t from;
  /**
   * The verdict after the change.
   */
  systole_verdict_t to;
  /**
   * Why the verdict changed.
   */
  systole_reason_t reason;
  /**
   * How a probe failed, where that is the reason.
   */
  systole_failure_t failure;
  /**
   * The suspicion level just before the change, in thousandths of a decade.
   */
  uint32_t level_milli;
  /**
   * What overrides the stated bound.
   */
  systole_relaxed_by_t relaxed_by;
  /**
   * How late the caller was, in microseconds.
   */
  uint64_t lateness_us;
  /**
   * The bound that was in force, in microseconds.
   */
  uint64_t bound_from_us;
  /**
   * The bound that is in force now, in microseconds.
   */
  uint64_t bound_to_us;
  /**
   * When the first of the failed sends was tried, on the caller's clock.
   */
  uint64_t since_us;
} systole_event_t;

/**
 * What a monitor or a listener asks for. Fields that its action does not name are 0.
 */
typedef struct systole_output_t {
  /**
   * What to do.
   */
  systole_action_t action;
  /**
   * With `SYSTOLE_ACTION_SEND`: the number that the probe carries and its reply brings back.
   */
  uint64_t probe;
  /**
   * With `SYSTOLE_ACTION_WAIT`: until when there is nothing to do.
   */
  uint64_t until_us;
  /**
   * With `SYSTOLE_ACTION_EVENT`: what happened.
   */
  struct systole_event_t event;
} systole_output_t;

/**
 * What a listener has counted since it was initialised. Every counter saturates.
 */
typedef struct systole_listener_counters_t {
  /**
   * Heartbeats that continued the known life of the peer.
   */
  uint32_t beats;
  /**
   * Sequence numbers that were skipped. A reordered heartbeat takes one back.
   */
  uint32_t lost;
  /**
   * Heartbeats that arrived after a later one.
   */
  uint32_t reordered;
  /**
   * Heartbeats that were heard before, or that are too old to tell.
   */
  uint32_t repeated;
  /**
   * Heartbeats older than the bound. They prove no life.
   */
  uint32_t stale;
  /**
   * Heartbeats that were not believed: of another incarnation, after a jump of the sequence, or
   * not authentic.
   */
  uint32_t ignored;
  /**
   * New incarnations and jumps of the sequence that were believed.
   */
  uint32_t restarts;
  /**
   * Verdicts `SYSTOLE_VERDICT_DEAD` that were mistakes.
   */
  uint32_t refuted;
  /**
   * Verdicts `SYSTOLE_VERDICT_DEAD` after which the peer came back.
   */
  uint32_t recovered;
  /**
   * Verdicts `SYSTOLE_VERDICT_DEAD` that ended and of which nothing tells whether they were
   * mistakes.
   */
  uint32_t undecided;
  /**
   * How often local lateness was reported.
   */
  uint32_t pauses;
  /**
   * The sum of all local lateness, in microseconds.
   */
  uint64_t lateness_us;
} systole_listener_counters_t;

/**
 * What a listener knows at a moment.
 */
typedef struct systole_listener_snapshot_t {
  /**
   * Whether the peer is alive.
   */
  systole_verdict_t verdict;
  /**
   * The suspicion level, in thousandths of a decade.
   */
  uint32_t level_milli;
  /**
   * The suspicion level of the phi accrual detector. No verdict depends on it.
   */
  double phi;
  /**
   * The estimated probability that a heartbeat is lost, 0 to 1.
   */
  double loss;
  /**
   * The interval that the peer advertises, within the configured limits, in microseconds.
   */
  uint64_t interval_us;
  /**
   * The bound in force, in microseconds.
   */
  uint64_t bound_us;
  /**
   * How much later heartbeats arrived than if all had been as quick as the quickest, on average,
   * in microseconds.
   */
  uint64_t mean_excess_us;
  /**
   * The standard deviation of that excess, in microseconds.
   */
  uint64_t standard_deviation_us;
  /**
   * When the newest heartbeat arrived; `SYSTOLE_NEVER` before the first.
   */
  uint64_t heard_at_us;
  /**
   * When the next heartbeat is expected to arrive; `SYSTOLE_NEVER` before the first.
   */
  uint64_t expected_at_us;
  /**
   * When the verdict becomes `SYSTOLE_VERDICT_DEAD` if nothing is heard; `SYSTOLE_NEVER` where
   * the peer is dead already or has left.
   */
  uint64_t dead_at_us;
  /**
   * The incarnation of the known life of the peer; 0 before the first heartbeat.
   */
  uint32_t incarnation;
  /**
   * The newest sequence number.
   */
  uint32_t sequence;
  /**
   * The number of arrivals in the window.
   */
  uint32_t samples;
  /**
   * The load that the newest heartbeat reports, 0 idle to 255 full; -1 where it reports none.
   */
  int32_t load;
  /**
   * The number of the last event.
   */
  uint32_t events;
  /**
   * The counters.
   */
  struct systole_listener_counters_t counters;
} systole_listener_snapshot_t;

/**
 * Monitors one peer on the caller's clock and socket.
 *
 * After waking, hand in what arrived. Then call `systole_monitor_poll` until it returns
 * `SYSTOLE_ACTION_WAIT`, which is the deadline to sleep until. That is the only way to end a
 * drain, and it comes within `SYSTOLE_MAX_DRAIN` calls at one moment.
 *
 * Steady intervals lie within the configured limits, jitter included, whatever was fed in. A
 * deadline lies in the future, so there is no busy loop. `SYSTOLE_VERDICT_DEAD` comes at most one
 * bound after the crash if polled on time, and at most one bound and the total lateness otherwise.
 * Time by which the caller polls late is credited to the peer.
 *
 * Every moment is in microseconds of the same clock, whose epoch the caller chooses. Where the
 * clock runs backwards, no time has passed.
 *
 * The storage belongs to the caller and must not be moved or copied once it is initialised. It
 * needs no clean-up. One thread at a time may use it.
 */
typedef struct systole_monitor_t {
  /**
   * For the library alone.
   */
  uint64_t opaque[SYSTOLE_MONITOR_WORDS];
} systole_monitor_t;

/**
 * What a monitor has counted since it was initialised. Counters never fall, and each saturates.
 */
typedef struct systole_counters_t {
  /**
   * Probes that were handed out to be sent.
   */
  uint32_t probes;
  /**
   * Probes that got a reply before they were counted as anything else.
   */
  uint32_t answered;
  /**
   * Probes that became overdue, whether or not a reply came later.
   */
  uint32_t lost;
  /**
   * Replies to probes that had already been counted as something else.
   */
  uint32_t late;
  /**
   * Replies to probes older than the bound. They prove no life.
   */
  uint32_t stale;
  /**
   * Replies that belong to no known probe.
   */
  uint32_t ignored;
  /**
   * Probes that failed before their timeout.
   */
  uint32_t failed;
  /**
   * Probes that could not be sent.
   */
  uint32_t unsent;
  /**
   * Probes whose outcome will never be known, and which are no evidence.
   */
  uint32_t abandoned;
  /**
   * How often no probe could be sent for one bound.
   */
  uint32_t blind;
  /**
   * Changes of the verdict to `SYSTOLE_VERDICT_SUSPECT`.
   */
  uint32_t suspect;
  /**
   * Changes of the verdict to `SYSTOLE_VERDICT_DEAD`.
   */
  uint32_t dead;
  /**
   * Verdicts `SYSTOLE_VERDICT_DEAD` that were mistakes.
   */
  uint32_t refuted;
  /**
   * Verdicts `SYSTOLE_VERDICT_DEAD` after which the peer came back.
   */
  uint32_t recovered;
  /**
   * Verdicts `SYSTOLE_VERDICT_DEAD` that ended and of which nothing tells whether they were
   * mistakes.
   */
  uint32_t undecided;
  /**
   * How often local lateness was reported.
   */
  uint32_t pauses;
  /**
   * The longest time from the send of the last probe that got a reply to the verdict
   * `SYSTOLE_VERDICT_DEAD`, in milliseconds, rounded up, local lateness included.
   */
  uint32_t worst_detection_ms;
  /**
   * The sum of all local lateness, in microseconds.
   */
  uint64_t lateness_us;
} systole_counters_t;

/**
 * What a monitor knows at a moment.
 */
typedef struct systole_monitor_snapshot_t {
  /**
   * The path and the plan.
   */
  struct systole_snapshot_t path;
  /**
   * The counters.
   */
  struct systole_counters_t counters;
  /**
   * When the verdict becomes `SYSTOLE_VERDICT_DEAD` if nothing is heard; `SYSTOLE_NEVER` where
   * the peer is dead already, or no probe was sent.
   */
  uint64_t dead_at_us;
  /**
   * When the next probe is due.
   */
  uint64_t next_probe_at_us;
  /**
   * The number of probes that were sent after the last one that got a reply, among those still
   * remembered.
   */
  uint32_t unanswered;
  /**
   * How the last probe failed that failed before its timeout; 0 where none did.
   */
  systole_failure_t last_failure;
  /**
   * The number of the last event.
   */
  uint32_t events;
} systole_monitor_snapshot_t;

/**
 * A monitor whose planner derives interval, timeout and retries from a bound on detection time and
 * a rate of mistakes: the fewest probes that keep both. It probes slowly while replies arrive and
 * fast once a probe is overdue. Its functions do what those of a `systole_monitor_t` do.
 *
 * Every 64th sample, and each sample after a long silence, takes single-precision floating point.
 */
typedef struct systole_planned_monitor_t {
  /**
   * For the library alone.
   */
  uint64_t opaque[SYSTOLE_PLANNED_MONITOR_WORDS];
} systole_planned_monitor_t;

/**
 * The settings of a sender. Fill it with `systole_sender_config` and then change what differs.
 */
typedef struct systole_sender_config_t {
  /**
   * The size of this structure, as `systole_sender_config` sets it.
   */
  uint32_t size;
  /**
   * Which life of the sender this is, different from all others. Where heartbeats are tagged it
   * has to rise from one life to the next: a count of starts in flash, or the clock's seconds.
   * Where they are not, it comes from a random source.
   */
  uint32_t incarnation;
  /**
   * The time from one heartbeat to the next: 1 us to 12.7 days.
   */
  uint64_t interval_us;
  /**
   * Delays the first heartbeat by a part of the interval that follows from this number, so that
   * a fleet does not send in step; 0: the first is due at once.
   */
  uint64_t spread_seed;
  /**
   * How many losses in a row the announcement of a longer interval survives: 0 to 100.
   */
  uint8_t losses;
} systole_sender_config_t;

/**
 * Schedules heartbeats to a listener. It opens no socket: the caller sends what `poll` returns.
 *
 * Slots follow each other at a fixed interval. The schedule does not drift, and slots that were
 * missed are left out. A shorter interval takes effect with the next heartbeat. Before a longer
 * one takes effect, some heartbeats announce it, so that a listener that loses a few goes on
 * waiting.
 */
typedef struct systole_sender_t {
  /**
   * For the library alone.
   */
  uint64_t opaque[SYSTOLE_SENDER_WORDS];
} systole_sender_t;

/**
 * What a sender asks for. Fields that its action does not name are 0.
 */
typedef struct systole_sender_output_t {
  /**
   * What to do.
   */
  systole_action_t action;
  /**
   * With `SYSTOLE_ACTION_WAIT`: until when there is nothing to do.
   */
  uint64_t until_us;
  /**
   * With `SYSTOLE_ACTION_SEND`: the heartbeat to send.
   */
  struct systole_beat_t beat;
} systole_sender_output_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Encodes a heartbeat in `SYSTOLE_BEAT_SIZE` bytes.
 *
 * An interval of more than 19 significant bits is rounded down, by less than 4 parts in a million,
 * and such a deadline is rounded up. A sender uses no such spans.
 */
systole_status_t systole_beat_encode(const struct systole_beat_t *beat, uint8_t (*bytes)[24]);

/**
 * Encodes a heartbeat with room for a tag. The caller computes a tag of 16 bytes from the first
 * `SYSTOLE_BEAT_SIZE` bytes and the recipient's id as 8 more in network byte order (0 for any
 * recipient that has the key), with a keyed code such as `SipHash` or HMAC, and writes it behind
 * the first `SYSTOLE_BEAT_SIZE` bytes.
 *
 * Use a key for one sender and one direction only.
 */
systole_status_t systole_beat_seal(const struct systole_beat_t *beat, uint8_t (*bytes)[40]);

/**
 * Writes what is wrong as a sentence into `buffer`, such as
 * `interval_us of 0 is out of range: 1 to 1099511627776`.
 *
 * Like `snprintf`, it writes at most `size` bytes, the last of which is a zero, and returns how
 * long the whole message is without that zero. Values are in the unit of their fields. A `buffer`
 * that is null only asks for the length. Returns 0 where `error` is null.
 *
 * # Safety
 * `buffer` is null or points to `size` bytes that may be written.
 */
size_t systole_error_message(const struct systole_error_t *error, char *buffer, size_t size);

/**
 * Decodes a plain heartbeat from the `length` bytes of a datagram.
 *
 * Answers `SYSTOLE_STATUS_BEAT` where they are not a heartbeat: another length than
 * `SYSTOLE_BEAT_SIZE`, another version, a reserved bit, a span that is not in lowest terms. No
 * bytes are undefined. `out->authentic` is 0.
 *
 * # Safety
 * `bytes` is null or points to `length` bytes.
 */
systole_status_t systole_beat_decode(const uint8_t *bytes,
                                     size_t length,
                                     struct systole_beat_t *out);

/**
 * Decodes a tagged heartbeat from the `length` bytes of a datagram, and compares its tag with the
 * 16 bytes of `tag`, which the caller computes as for `systole_beat_seal` with the key of the
 * peer. The comparison takes the same time for any tag.
 *
 * Answers `SYSTOLE_STATUS_BEAT` where the bytes are not a heartbeat of
 * `SYSTOLE_BEAT_TAGGED_SIZE` bytes, or the tags differ. `out->authentic` is 1.
 *
 * # Safety
 * `bytes` is null or points to `length` bytes, and `tag` is null or points to 16.
 */
systole_status_t systole_beat_open(const uint8_t *bytes,
                                   size_t length,
                                   const uint8_t *tag,
                                   struct systole_beat_t *out);

/**
 * Initialises a clock whose tick lasts `tick_us` microseconds, at least 1, and whose epoch is the
 * counter value `first`. `size` is `sizeof *clock`. `error` may be null.
 */
SYSTOLE_MUST_USE
systole_status_t systole_clock_init(struct systole_clock_t *clock,
                                    size_t size,
                                    uint32_t tick_us,
                                    uint32_t first,
                                    struct systole_error_t *error);

/**
 * Returns the moment at which the counter reads `ticks`, in microseconds since its epoch.
 */
systole_status_t systole_clock_extend(struct systole_clock_t *clock,
                                      uint32_t ticks,
                                      uint64_t *now_us);

/**
 * Fills `config` with the defaults of the fluctuation rule: the interval is `interval_us` on a
 * steady path and longer on an unsteady one, within 0.9 and 4 times `interval_us`.
 */
systole_status_t systole_config_every(struct systole_config_t *config, uint64_t interval_us);

/**
 * Fills `config` with the defaults of a constant interval, which jitter alone shortens.
 */
systole_status_t systole_config_fixed(struct systole_config_t *config, uint64_t interval_us);

/**
 * Checks a configuration without building a machine. `error` may be null.
 */
SYSTOLE_MUST_USE
systole_status_t systole_config_check(const struct systole_config_t *config,
                                      struct systole_error_t *error);

/**
 * Initialises a heartbeat to a peer of which nothing is known.
 *
 * `size` is `sizeof *heartbeat`. `error` may be null.
 *
 * Answers `SYSTOLE_STATUS_NULL`; `SYSTOLE_STATUS_SIZE` where `size` or `config->size` is
 * not that of this library; `SYSTOLE_STATUS_ENUM` and `SYSTOLE_STATUS_RANGE` where a
 * setting is refused, which `error` names. Storage that is initialised already starts
 * over.
 */
SYSTOLE_MUST_USE
systole_status_t systole_heartbeat_init(struct systole_heartbeat_t *heartbeat,
                                        size_t size,
                                        const struct systole_config_t *config,
                                        struct systole_error_t *error);

/**
 * Records that the reply came after `rtt_us`. Returns the interval from the send of that
 * probe to the send of the next: between the configured shortest and longest, jitter
 * included.
 *
 * A reply that took longer than the bound counts as an RTT sample and does not change the
 * verdict. Round trips above 71 minutes count as 71 minutes.
 */
systole_status_t systole_heartbeat_next_interval(struct systole_heartbeat_t *heartbeat,
                                                 uint64_t rtt_us,
                                                 uint64_t *interval_us);

/**
 * Records that no reply came within the timeout. Returns the interval from the send of
 * that probe to the send of the next, which is a retry and therefore sooner. For a dead
 * peer it returns a steady interval.
 */
systole_status_t systole_heartbeat_missed(struct systole_heartbeat_t *heartbeat,
                                          uint64_t *interval_us);

/**
 * Records that the probe failed `after_us` after its send: it was refused, reset, or got
 * an invalid reply. Returns the interval from the send of that probe to the send of the
 * next. Retries keep their spacing, however soon the failure was known.
 *
 * Answers `SYSTOLE_STATUS_ENUM` where `failure` is none.
 */
systole_status_t systole_heartbeat_failed(struct systole_heartbeat_t *heartbeat,
                                          systole_failure_t failure,
                                          uint64_t after_us,
                                          uint64_t *interval_us);

/**
 * Records that the probe could not be sent, for a local reason that was known after
 * `after_us`. That is no evidence against the peer. Returns the interval from this try to
 * the next.
 *
 * When none could be sent for one bound and nothing proved life, the verdict becomes
 * `SYSTOLE_VERDICT_UNKNOWN`, and the bound counts from the next probe that is sent.
 */
systole_status_t systole_heartbeat_unsent(struct systole_heartbeat_t *heartbeat,
                                          uint64_t after_us,
                                          uint64_t *interval_us);

/**
 * Records a reply, after `rtt_us`, to a probe that
 * `systole_heartbeat_missed` had given
 * up. Call it before the next probe is sent. The timeout learns from late replies, so that
 * a path that has become slower is not taken for a dead peer.
 */
systole_status_t systole_heartbeat_late(struct systole_heartbeat_t *heartbeat, uint64_t rtt_us);

/**
 * Returns how long to wait for the reply to the next probe, in microseconds.
 */
systole_status_t systole_heartbeat_timeout(const struct systole_heartbeat_t *heartbeat,
                                           uint64_t *timeout_us);

/**
 * Returns the verdict as of the last call.
 */
systole_status_t systole_heartbeat_verdict(const struct systole_heartbeat_t *heartbeat,
                                           systole_verdict_t *verdict);

/**
 * Returns the suspicion level: how improbable the present silence is, in thousandths of a
 * decade. At 3000, one silence of a live peer in 1,000 is as long.
 */
systole_status_t systole_heartbeat_level(const struct systole_heartbeat_t *heartbeat,
                                         uint32_t *level_milli);

/**
 * Returns what is known of the path, and what is planned. It uses floating point.
 */
systole_status_t systole_heartbeat_snapshot(const struct systole_heartbeat_t *heartbeat,
                                            struct systole_snapshot_t *snapshot);

/**
 * Initialises a heartbeat to a peer of which nothing is known.
 *
 * `size` is `sizeof *heartbeat`. `error` may be null.
 *
 * Answers `SYSTOLE_STATUS_NULL`; `SYSTOLE_STATUS_SIZE` where `size` or `config->size` is
 * not that of this library; `SYSTOLE_STATUS_ENUM` and `SYSTOLE_STATUS_RANGE` where a
 * setting is refused, which `error` names. Storage that is initialised already starts
 * over.
 */
SYSTOLE_MUST_USE
systole_status_t systole_planned_heartbeat_init(struct systole_planned_heartbeat_t *heartbeat,
                                                size_t size,
                                                const struct systole_planned_config_t *config,
                                                struct systole_error_t *error);

/**
 * Records that the reply came after `rtt_us`. Returns the interval from the send of that
 * probe to the send of the next: between the configured shortest and longest, jitter
 * included.
 *
 * A reply that took longer than the bound counts as an RTT sample and does not change the
 * verdict. Round trips above 71 minutes count as 71 minutes.
 */
systole_status_t systole_planned_heartbeat_next_interval(struct systole_planned_heartbeat_t *heartbeat,
                                                         uint64_t rtt_us,
                                                         uint64_t *interval_us);

/**
 * Records that no reply came within the timeout. Returns the interval from the send of
 * that probe to the send of the next, which is a retry and therefore sooner. For a dead
 * peer it returns a steady interval.
 */
systole_status_t systole_planned_heartbeat_missed(struct systole_planned_heartbeat_t *heartbeat,
                                                  uint64_t *interval_us);

/**
 * Records that the probe failed `after_us` after its send: it was refused, reset, or got
 * an invalid reply. Returns the interval from the send of that probe to the send of the
 * next. Retries keep their spacing, however soon the failure was known.
 *
 * Answers `SYSTOLE_STATUS_ENUM` where `failure` is none.
 */
systole_status_t systole_planned_heartbeat_failed(struct systole_planned_heartbeat_t *heartbeat,
                                                  systole_failure_t failure,
                                                  uint64_t after_us,
                                                  uint64_t *interval_us);

/**
 * Records that the probe could not be sent, for a local reason that was known after
 * `after_us`. That is no evidence against the peer. Returns the interval from this try to
 * the next.
 *
 * When none could be sent for one bound and nothing proved life, the verdict becomes
 * `SYSTOLE_VERDICT_UNKNOWN`, and the bound counts from the next probe that is sent.
 */
systole_status_t systole_planned_heartbeat_unsent(struct systole_planned_heartbeat_t *heartbeat,
                                                  uint64_t after_us,
                                                  uint64_t *interval_us);

/**
 * Records a reply, after `rtt_us`, to a probe that
 * `systole_planned_heartbeat_missed` had given
 * up. Call it before the next probe is sent. The timeout learns from late replies, so that
 * a path that has become slower is not taken for a dead peer.
 */
systole_status_t systole_planned_heartbeat_late(struct systole_planned_heartbeat_t *heartbeat,
                                                uint64_t rtt_us);

/**
 * Returns how long to wait for the reply to the next probe, in microseconds.
 */
systole_status_t systole_planned_heartbeat_timeout(const struct systole_planned_heartbeat_t *heartbeat,
                                                   uint64_t *timeout_us);

/**
 * Returns the verdict as of the last call.
 */
systole_status_t systole_planned_heartbeat_verdict(const struct systole_planned_heartbeat_t *heartbeat,
                                                   systole_verdict_t *verdict);

/**
 * Returns the suspicion level: how improbable the present silence is, in thousandths of a
 * decade. At 3000, one silence of a live peer in 1,000 is as long.
 */
systole_status_t systole_planned_heartbeat_level(const struct systole_planned_heartbeat_t *heartbeat,
                                                 uint32_t *level_milli);

/**
 * Returns what is known of the path, and what is planned. It uses floating point.
 */
systole_status_t systole_planned_heartbeat_snapshot(const struct systole_planned_heartbeat_t *heartbeat,
                                                    struct systole_snapshot_t *snapshot);

/**
 * Records that the server granted the request called `renewal` for `ttl_us`, which it counts from
 * the moment at which it processed the request. `outcome` may be null.
 *
 * A `ttl_us` of 0 is no grant: the lease is lost. `epoch` is the fencing token of the server; pass
 * 0 always where it has none. While the lease is held, a lower one is stale, and a higher one says
 * that the lease was given away in between.
 */
systole_status_t systole_lease_handle_granted(struct systole_lease_t *lease,
                                              uint32_t renewal,
                                              uint64_t ttl_us,
                                              uint64_t epoch,
                                              uint64_t now_us,
                                              systole_grant_outcome_t *outcome);

/**
 * Records that the server refused the request called `renewal`. The refusal of a renewal ends the
 * holding at once. The lease is then asked for again. `outcome` may be null.
 *
 * Answers `SYSTOLE_STATUS_ENUM` where `why` is none.
 */
systole_status_t systole_lease_handle_refused(struct systole_lease_t *lease,
                                              uint32_t renewal,
                                              systole_refusal_t why,
                                              uint64_t now_us,
                                              systole_refusal_outcome_t *outcome);

/**
 * Records that the server said, without a request, that the lease is over: somebody deleted the
 * key, or the connection or session is closed. `outcome` may be null.
 *
 * Answers `SYSTOLE_STATUS_ENUM` where `why` is none.
 */
systole_status_t systole_lease_handle_ended(struct systole_lease_t *lease,
                                            systole_refusal_t why,
                                            uint64_t now_us,
                                            systole_refusal_outcome_t *outcome);

/**
 * Records that the request called `renewal` failed: it could not be sent, its connection broke, or
 * the server answered with an error that says nothing about the lease. It is retried soon while the
 * lease is held, and a grant that still arrives counts.
 *
 * Writes to `is_outstanding`, which may be null, whether the request is: 0 or 1.
 */
systole_status_t systole_lease_handle_failed(struct systole_lease_t *lease,
                                             uint32_t renewal,
                                             uint64_t now_us,
                                             uint8_t *is_outstanding);

/**
 * Records that the server wants to be left alone for `wait_us`. While the lease is held, half of
 * the time left is waited at most.
 */
systole_status_t systole_lease_handle_pushback(struct systole_lease_t *lease,
                                               uint64_t wait_us,
                                               uint64_t now_us);

/**
 * Records that the application sent something that renews the lease, such as a publication to an
 * MQTT broker. It does not move the fence: nobody knows whether it arrived.
 *
 * Writes a name for it to `renewal`. If the server acknowledges it, hand that in by
 * `systole_lease_handle_granted`. It is 0 where the lease was never granted, and where something
 * was sent so recently that its acknowledgement is as good.
 */
systole_status_t systole_lease_handle_sent(struct systole_lease_t *lease,
                                           uint64_t now_us,
                                           uint32_t *renewal);

/**
 * Records that the server released the lease, or does not know it. Writes to `was_releasing`, which
 * may be null, whether a release was waiting for that: 0 or 1.
 */
systole_status_t systole_lease_handle_released(struct systole_lease_t *lease,
                                               uint64_t now_us,
                                               uint8_t *was_releasing);

/**
 * Fills `config` with a lease of `ttl_us` that requests renew and the server acknowledges: a Redis
 * lock, a row of an SQL server. The server's clock has milliseconds.
 */
systole_status_t systole_lease_config_renewed(struct systole_lease_config_t *config,
                                              uint64_t ttl_us);

/**
 * Fills `config` with the same lease on a server that stores whole seconds, and may therefore end
 * it up to a second early: etcd, Consul, Kubernetes. State a TTL of whole seconds.
 */
systole_status_t systole_lease_config_renewed_in_seconds(struct systole_lease_config_t *config,
                                                         uint64_t ttl_us);

/**
 * Fills `config` with the keep-alive of MQTT: the client sends a packet within every
 * `keep_alive_us`, and the server closes the connection after one and a half times that. Use the
 * keep-alive of the CONNACK where it has one.
 */
systole_status_t systole_lease_config_keep_alive(struct systole_lease_config_t *config,
                                                 uint64_t keep_alive_us);

/**
 * Fills `config` with the idle timeout of a QUIC connection: the shorter one of the two that the
 * endpoints advertised. Each renewal is a PING frame, granted by the acknowledgement of its packet.
 */
systole_status_t systole_lease_config_idle_timeout(struct systole_lease_config_t *config,
                                                   uint64_t timeout_us);

/**
 * Fills `config` with a session that ends after `timeout_us` without a heartbeat, where heartbeats
 * are sent at least every `heartbeat_us` because their answers carry news: Kafka, `ZooKeeper`.
 */
systole_status_t systole_lease_config_session(struct systole_lease_config_t *config,
                                              uint64_t timeout_us,
                                              uint64_t heartbeat_us);

/**
 * Checks a configuration without building a machine. `error` may be null.
 */
SYSTOLE_MUST_USE
systole_status_t systole_lease_config_check(const struct systole_lease_config_t *config,
                                            struct systole_error_t *error);

/**
 * Initialises a lease that is asked for at once.
 *
 * `size` is `sizeof *lease`. `error` may be null. Answers as `systole_heartbeat_init`.
 */
SYSTOLE_MUST_USE
systole_status_t systole_lease_init(struct systole_lease_t *lease,
                                    size_t size,
                                    const struct systole_lease_config_t *config,
                                    uint64_t now_us,
                                    struct systole_error_t *error);

/**
 * Follows another configuration from now on. `error` may be null.
 *
 * A shorter TTL takes effect at once, and answers to requests that asked for the old one are
 * unknown. A longer one is asked for from the next holding on.
 */
SYSTOLE_MUST_USE
systole_status_t systole_lease_reconfigure(struct systole_lease_t *lease,
                                           const struct systole_lease_config_t *config,
                                           uint64_t now_us,
                                           struct systole_error_t *error);

/**
 * Returns what to do at `now_us`. Call it until it returns `SYSTOLE_ACTION_WAIT` or
 * `SYSTOLE_ACTION_IDLE`, within `SYSTOLE_MAX_DRAIN` calls, and again at that moment and after every
 * `handle` function.
 *
 * Early calls are harmless. A late call delays renewals and events, and moves no fence.
 */
systole_status_t systole_lease_poll(struct systole_lease_t *lease,
                                    uint64_t now_us,
                                    struct systole_lease_output_t *output);

/**
 * Gives the lease up. It is not held from this call on, and no event follows. Then `poll` asks for
 * `SYSTOLE_LEASE_ACTION_RELEASE` until `systole_lease_handle_released`, or until the lease has
 * expired.
 */
systole_status_t systole_lease_release(struct systole_lease_t *lease, uint64_t now_us);

/**
 * Asks for a lease again that was given up, as a new holding.
 */
systole_status_t systole_lease_acquire(struct systole_lease_t *lease, uint64_t now_us);

/**
 * Notes that the clock cannot vouch for the time since the last call: it leapt and is right again,
 * or it stood still while the device slept. The holder is fenced at once, and the lease is renewed.
 */
systole_status_t systole_lease_resync(struct systole_lease_t *lease, uint64_t now_us);

/**
 * Returns whether the holder may act at `now_us`: 0 or 1. It is 0 for a moment before the last one
 * seen. Where the answer is not `SYSTOLE_STATUS_OK`, the holder may not act.
 */
SYSTOLE_MUST_USE
systole_status_t systole_lease_is_held(const struct systole_lease_t *lease,
                                       uint64_t now_us,
                                       uint8_t *is_held);

/**
 * Returns the first moment at which the holder may not act; 0 where the lease is not held as of the
 * last call.
 */
systole_status_t systole_lease_fence_at(const struct systole_lease_t *lease, uint64_t *fence_at_us);

/**
 * Returns when the holder should begin to stop: `stop_within_us` before the fence; 0 where the
 * lease is not held as of the last call.
 */
systole_status_t systole_lease_stop_at(const struct systole_lease_t *lease, uint64_t *stop_at_us);

/**
 * Returns the epoch that the server gave last; 0 before the first grant.
 */
systole_status_t systole_lease_epoch(const struct systole_lease_t *lease, uint64_t *epoch);

/**
 * Returns all that is known at `now_us`. It uses floating point.
 */
systole_status_t systole_lease_snapshot(const struct systole_lease_t *lease,
                                        uint64_t now_us,
                                        struct systole_lease_snapshot_t *snapshot);

/**
 * Fills `config` with the defaults of a listener: no stated bound, 3 losses in a row, intervals of
 * 1 ms to 1 h.
 */
systole_status_t systole_listener_config(struct systole_listener_config_t *config);

/**
 * Initialises a listener to a peer of which nothing is known.
 *
 * `size` is `sizeof *listener`. `error` may be null. Answers as `systole_heartbeat_init`.
 */
SYSTOLE_MUST_USE
systole_status_t systole_listener_init(struct systole_listener_t *listener,
                                       size_t size,
                                       const struct systole_listener_config_t *config,
                                       uint64_t now_us,
                                       struct systole_error_t *error);

/**
 * Records that `beat` arrived at `received_at_us`: the moment the network stack names, or that of
 * reading it. `outcome`, which may be null, says what became of it.
 */
systole_status_t systole_listener_handle_beat(struct systole_listener_t *listener,
                                              const struct systole_beat_t *beat,
                                              uint64_t received_at_us,
                                              systole_beat_outcome_t *outcome);

/**
 * Returns what to do at `now_us`: an event, or until when there is nothing to do. A listener never
 * asks to send anything.
 */
systole_status_t systole_listener_poll(struct systole_listener_t *listener,
                                       uint64_t now_us,
                                       struct systole_output_t *output);

/**
 * Notes that this process was suspended while its clock stood still. From now on a live peer has a
 * whole bound to be heard.
 */
systole_status_t systole_listener_resumed(struct systole_listener_t *listener, uint64_t now_us);

/**
 * Notes that the clock had leapt forward by mistake and is right again at `now_us`.
 */
systole_status_t systole_listener_resync(struct systole_listener_t *listener, uint64_t now_us);

/**
 * Returns the verdict as of the last call.
 */
systole_status_t systole_listener_verdict(const struct systole_listener_t *listener,
                                          systole_verdict_t *verdict);

/**
 * Returns the suspicion level at `now_us`, in thousandths of a decade.
 */
systole_status_t systole_listener_level(const struct systole_listener_t *listener,
                                        uint64_t now_us,
                                        uint32_t *level_milli);

/**
 * Returns the bound in force, in microseconds.
 */
systole_status_t systole_listener_bound(const struct systole_listener_t *listener,
                                        uint64_t *bound_us);

/**
 * Returns the load that the newest heartbeat reports, 0 idle to 255 full; -1 where it reports
 * none.
 */
systole_status_t systole_listener_load(const struct systole_listener_t *listener, int32_t *out);

/**
 * Returns all that is known at `now_us`. It uses floating point.
 */
systole_status_t systole_listener_snapshot(const struct systole_listener_t *listener,
                                           uint64_t now_us,
                                           struct systole_listener_snapshot_t *snapshot);

/**
 * Initialises a monitor of a peer of which nothing is known. Its first probe is due within
 * one interval, at a time that follows from the seed.
 *
 * `size` is `sizeof *monitor`. `error` may be null.
 *
 * Answers `SYSTOLE_STATUS_NULL`; `SYSTOLE_STATUS_SIZE` where `size` or `config->size` is
 * not that of this library; `SYSTOLE_STATUS_ENUM` and `SYSTOLE_STATUS_RANGE` where a
 * setting is refused, which `error` names: also a seed of 0. Storage that is initialised
 * already starts over.
 */
SYSTOLE_MUST_USE
systole_status_t systole_monitor_init(struct systole_monitor_t *monitor,
                                      size_t size,
                                      const struct systole_config_t *config,
                                      uint64_t now_us,
                                      struct systole_error_t *error);

/**
 * Follows another configuration from now on. The seed stays, and so does what was
 * measured. `error` may be null.
 */
SYSTOLE_MUST_USE
systole_status_t systole_monitor_reconfigure(struct systole_monitor_t *monitor,
                                             const struct systole_config_t *config,
                                             uint64_t now_us,
                                             struct systole_error_t *error);

/**
 * Returns what to do at `now_us`. Call it until it returns `SYSTOLE_ACTION_WAIT` or
 * `SYSTOLE_ACTION_IDLE`, and again at that moment and after every `handle` function.
 *
 * Early calls are harmless and return the same deadline. Each late call adds its lateness
 * to the detection time.
 */
systole_status_t systole_monitor_poll(struct systole_monitor_t *monitor,
                                      uint64_t now_us,
                                      struct systole_output_t *output);

/**
 * Records that the reply to `probe` arrived at `received_at_us`: the moment the network
 * stack names, or that of reading it. Unknown, stale and duplicate replies change nothing
 * but counters.
 */
systole_status_t systole_monitor_handle_reply(struct systole_monitor_t *monitor,
                                              uint64_t probe,
                                              uint64_t received_at_us);

/**
 * Records a reply whose peer says that it held the probe for `server_delay_us`. That time
 * is no part of the round-trip time, and the timeout waits for it.
 */
systole_status_t systole_monitor_handle_reply_with(struct systole_monitor_t *monitor,
                                                   uint64_t probe,
                                                   uint64_t received_at_us,
                                                   uint64_t server_delay_us);

/**
 * Records a reply that does not say which probe it answers. Peers are taken to answer in
 * order. Use numbers where round trips are longer than eight intervals.
 */
systole_status_t systole_monitor_handle_reply_any(struct systole_monitor_t *monitor,
                                                  uint64_t received_at_us);

/**
 * Records that something else arrived from the peer. It proves life as of one timeout ago,
 * and puts off the next probe, though at most seven in eight. What is sent to the peer
 * proves nothing.
 */
systole_status_t systole_monitor_handle_traffic(struct systole_monitor_t *monitor,
                                                uint64_t received_at_us);

/**
 * Records that `probe` failed at once: refused, reset, or answered with something invalid.
 * It is overdue from `now_us` on.
 *
 * Answers `SYSTOLE_STATUS_ENUM` where `failure` is none.
 */
systole_status_t systole_monitor_handle_failure(struct systole_monitor_t *monitor,
                                                uint64_t probe,
                                                systole_failure_t failure,
                                                uint64_t now_us);

/**
 * Records that `probe` could not be sent, for a local reason. That is no evidence against
 * the peer.
 */
systole_status_t systole_monitor_handle_unsent(struct systole_monitor_t *monitor,
                                               uint64_t probe,
                                               uint64_t now_us);

/**
 * Records that `probe` is not sent, as all the room there is for probes under way is taken
 * by earlier ones that may still be answered in time. It is neither evidence nor a fault.
 */
systole_status_t systole_monitor_handle_skipped(struct systole_monitor_t *monitor,
                                                uint64_t probe,
                                                uint64_t now_us);

/**
 * Records that the peer asks for fewer probes: the interval doubles once, and on until the
 * next steady probe comes no sooner than after `wait_us`, 0 where the peer names no time.
 * The longest interval is the limit.
 * It lasts until `systole_monitor_restarted`.
 */
systole_status_t systole_monitor_handle_pushback(struct systole_monitor_t *monitor,
                                                 uint64_t now_us,
                                                 uint64_t wait_us);

/**
 * Probes as soon as the timeout since the last probe allows: something happened that makes
 * an answer worth having.
 */
systole_status_t systole_monitor_probe_now(struct systole_monitor_t *monitor, uint64_t now_us);

/**
 * Notes that the peer is a new incarnation: replies to what is under way count for
 * nothing, and the verdict starts over. The statistics of the path stay.
 */
systole_status_t systole_monitor_restarted(struct systole_monitor_t *monitor, uint64_t now_us);

/**
 * Notes that this process was suspended while its clock stood still. The peer is asked at
 * once, and has time to answer.
 */
systole_status_t systole_monitor_resumed(struct systole_monitor_t *monitor, uint64_t now_us);

/**
 * Notes that the clock had leapt forward by mistake and is right again at `now_us`.
 */
systole_status_t systole_monitor_resync(struct systole_monitor_t *monitor, uint64_t now_us);

/**
 * Returns the verdict as of the last call.
 */
systole_status_t systole_monitor_verdict(const struct systole_monitor_t *monitor,
                                         systole_verdict_t *verdict);

/**
 * Returns the suspicion level at `now_us`: how improbable the silence is, in thousandths
 * of a decade. At 3000, one silence of a live peer in 1,000 is as long.
 */
systole_status_t systole_monitor_level(const struct systole_monitor_t *monitor,
                                       uint64_t now_us,
                                       uint32_t *level_milli);

/**
 * Returns the first moment at which the next steady probe may as well be sent, by
 * `systole_monitor_probe_now`,
 * to share a wake of the device or of the radio;
 * `SYSTOLE_NEVER` while a probe is under way and while the peer is not alive.
 */
systole_status_t systole_monitor_next_probe_earliest(const struct systole_monitor_t *monitor,
                                                     uint64_t *earliest_us);

/**
 * Returns all that is known at `now_us`. It uses floating point.
 */
systole_status_t systole_monitor_snapshot(const struct systole_monitor_t *monitor,
                                          uint64_t now_us,
                                          struct systole_monitor_snapshot_t *snapshot);

/**
 * Initialises a monitor of a peer of which nothing is known. Its first probe is due within
 * one interval, at a time that follows from the seed.
 *
 * `size` is `sizeof *monitor`. `error` may be null.
 *
 * Answers `SYSTOLE_STATUS_NULL`; `SYSTOLE_STATUS_SIZE` where `size` or `config->size` is
 * not that of this library; `SYSTOLE_STATUS_ENUM` and `SYSTOLE_STATUS_RANGE` where a
 * setting is refused, which `error` names: also a seed of 0. Storage that is initialised
 * already starts over.
 */
SYSTOLE_MUST_USE
systole_status_t systole_planned_monitor_init(struct systole_planned_monitor_t *monitor,
                                              size_t size,
                                              const struct systole_planned_config_t *config,
                                              uint64_t now_us,
                                              struct systole_error_t *error);

/**
 * Follows another configuration from now on. The seed stays, and so does what was
 * measured. `error` may be null.
 */
SYSTOLE_MUST_USE
systole_status_t systole_planned_monitor_reconfigure(struct systole_planned_monitor_t *monitor,
                                                     const struct systole_planned_config_t *config,
                                                     uint64_t now_us,
                                                     struct systole_error_t *error);

/**
 * Returns what to do at `now_us`. Call it until it returns `SYSTOLE_ACTION_WAIT` or
 * `SYSTOLE_ACTION_IDLE`, and again at that moment and after every `handle` function.
 *
 * Early calls are harmless and return the same deadline. Each late call adds its lateness
 * to the detection time.
 */
systole_status_t systole_planned_monitor_poll(struct systole_planned_monitor_t *monitor,
                                              uint64_t now_us,
                                              struct systole_output_t *output);

/**
 * Records that the reply to `probe` arrived at `received_at_us`: the moment the network
 * stack names, or that of reading it. Unknown, stale and duplicate replies change nothing
 * but counters.
 */
systole_status_t systole_planned_monitor_handle_reply(struct systole_planned_monitor_t *monitor,
                                                      uint64_t probe,
                                                      uint64_t received_at_us);

/**
 * Records a reply whose peer says that it held the probe for `server_delay_us`. That time
 * is no part of the round-trip time, and the timeout waits for it.
 */
systole_status_t systole_planned_monitor_handle_reply_with(struct systole_planned_monitor_t *monitor,
                                                           uint64_t probe,
                                                           uint64_t received_at_us,
                                                           uint64_t server_delay_us);

/**
 * Records a reply that does not say which probe it answers. Peers are taken to answer in
 * order. Use numbers where round trips are longer than eight intervals.
 */
systole_status_t systole_planned_monitor_handle_reply_any(struct systole_planned_monitor_t *monitor,
                                                          uint64_t received_at_us);

/**
 * Records that something else arrived from the peer. It proves life as of one timeout ago,
 * and puts off the next probe, though at most seven in eight. What is sent to the peer
 * proves nothing.
 */
systole_status_t systole_planned_monitor_handle_traffic(struct systole_planned_monitor_t *monitor,
                                                        uint64_t received_at_us);

/**
 * Records that `probe` failed at once: refused, reset, or answered with something invalid.
 * It is overdue from `now_us` on.
 *
 * Answers `SYSTOLE_STATUS_ENUM` where `failure` is none.
 */
systole_status_t systole_planned_monitor_handle_failure(struct systole_planned_monitor_t *monitor,
                                                        uint64_t probe,
                                                        systole_failure_t failure,
                                                        uint64_t now_us);

/**
 * Records that `probe` could not be sent, for a local reason. That is no evidence against
 * the peer.
 */
systole_status_t systole_planned_monitor_handle_unsent(struct systole_planned_monitor_t *monitor,
                                                       uint64_t probe,
                                                       uint64_t now_us);

/**
 * Records that `probe` is not sent, as all the room there is for probes under way is taken
 * by earlier ones that may still be answered in time. It is neither evidence nor a fault.
 */
systole_status_t systole_planned_monitor_handle_skipped(struct systole_planned_monitor_t *monitor,
                                                        uint64_t probe,
                                                        uint64_t now_us);

/**
 * Records that the peer asks for fewer probes: the interval doubles once, and on until the
 * next steady probe comes no sooner than after `wait_us`, 0 where the peer names no time.
 * The longest interval is the limit.
 * It lasts until `systole_planned_monitor_restarted`.
 */
systole_status_t systole_planned_monitor_handle_pushback(struct systole_planned_monitor_t *monitor,
                                                         uint64_t now_us,
                                                         uint64_t wait_us);

/**
 * Probes as soon as the timeout since the last probe allows: something happened that makes
 * an answer worth having.
 */
systole_status_t systole_planned_monitor_probe_now(struct systole_planned_monitor_t *monitor,
                                                   uint64_t now_us);

/**
 * Notes that the peer is a new incarnation: replies to what is under way count for
 * nothing, and the verdict starts over. The statistics of the path stay.
 */
systole_status_t systole_planned_monitor_restarted(struct systole_planned_monitor_t *monitor,
                                                   uint64_t now_us);

/**
 * Notes that this process was suspended while its clock stood still. The peer is asked at
 * once, and has time to answer.
 */
systole_status_t systole_planned_monitor_resumed(struct systole_planned_monitor_t *monitor,
                                                 uint64_t now_us);

/**
 * Notes that the clock had leapt forward by mistake and is right again at `now_us`.
 */
systole_status_t systole_planned_monitor_resync(struct systole_planned_monitor_t *monitor,
                                                uint64_t now_us);

/**
 * Returns the verdict as of the last call.
 */
systole_status_t systole_planned_monitor_verdict(const struct systole_planned_monitor_t *monitor,
                                                 systole_verdict_t *verdict);

/**
 * Returns the suspicion level at `now_us`: how improbable the silence is, in thousandths
 * of a decade. At 3000, one silence of a live peer in 1,000 is as long.
 */
systole_status_t systole_planned_monitor_level(const struct systole_planned_monitor_t *monitor,
                                               uint64_t now_us,
                                               uint32_t *level_milli);

/**
 * Returns the first moment at which the next steady probe may as well be sent, by
 * `systole_planned_monitor_probe_now`,
 * to share a wake of the device or of the radio;
 * `SYSTOLE_NEVER` while a probe is under way and while the peer is not alive.
 */
systole_status_t systole_planned_monitor_next_probe_earliest(const struct systole_planned_monitor_t *monitor,
                                                             uint64_t *earliest_us);

/**
 * Returns all that is known at `now_us`. It uses floating point.
 */
systole_status_t systole_planned_monitor_snapshot(const struct systole_planned_monitor_t *monitor,
                                                  uint64_t now_us,
                                                  struct systole_monitor_snapshot_t *snapshot);

/**
 * Fills `config` with the defaults of the planner: it detects failures within `detect_within_us`
 * and makes at most one mistake a day in expectation. The bound is a guarantee. The time between
 * mistakes is an expectation, which the machine audits.
 */
systole_status_t systole_planned_config(struct systole_planned_config_t *config,
                                        uint64_t detect_within_us);

/**
 * Checks a configuration without building a machine. `error` may be null.
 */
SYSTOLE_MUST_USE
systole_status_t systole_planned_config_check(const struct systole_planned_config_t *config,
                                              struct systole_error_t *error);

/**
 * Fills `config` with the defaults of a sender.
 */
systole_status_t systole_sender_config(struct systole_sender_config_t *config,
                                       uint64_t interval_us,
                                       uint32_t incarnation);

/**
 * Initialises a sender whose first heartbeat is due at `now_us`.
 *
 * `size` is `sizeof *sender`. `error` may be null. Answers as `systole_heartbeat_init`.
 */
SYSTOLE_MUST_USE
systole_status_t systole_sender_init(struct systole_sender_t *sender,
                                     size_t size,
                                     const struct systole_sender_config_t *config,
                                     uint64_t now_us,
                                     struct systole_error_t *error);

/**
 * Returns what to do at `now_us`. Call it until it returns `SYSTOLE_ACTION_WAIT`, and again at
 * that moment.
 *
 * A late call makes the heartbeat late. Heartbeats that are late by an interval or more are left
 * out.
 */
systole_status_t systole_sender_poll(struct systole_sender_t *sender,
                                     uint64_t now_us,
                                     struct systole_sender_output_t *output);

/**
 * Changes the interval. A shorter one takes effect with the next heartbeat, which is due at most
 * one new interval from `now_us`. A longer one takes effect after some heartbeats have announced
 * it. `error` may be null.
 *
 * Answers `SYSTOLE_STATUS_RANGE` where `interval_us` is below 1 us or above 12.7 days. The old
 * interval stays.
 */
systole_status_t systole_sender_set_interval(struct systole_sender_t *sender,
                                             uint64_t interval_us,
                                             uint64_t now_us,
                                             struct systole_error_t *error);

/**
 * Sets the load that heartbeats report from the next one on: 0 idle to 255 full; below 0 they
 * report none, and above 255 they report 255.
 */
systole_status_t systole_sender_set_load(struct systole_sender_t *sender, int32_t load);

/**
 * Returns the last heartbeat, which says that this sender leaves. Send it now, and more than once
 * where heartbeats may be lost. `poll` returns `SYSTOLE_ACTION_IDLE` afterwards.
 */
systole_status_t systole_sender_goodbye(struct systole_sender_t *sender,
                                        struct systole_beat_t *beat);

/**
 * Returns the interval in force, in microseconds.
 */
systole_status_t systole_sender_interval(const struct systole_sender_t *sender,
                                         uint64_t *interval_us);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SYSTOLE_H */

#ifdef __cplusplus
#define SYSTOLE_ASSERT(is, what) static_assert(is, what)
#else
#define SYSTOLE_ASSERT(is, what) _Static_assert(is, what)
#endif
#define SYSTOLE_ASSERT_WORDS(type, words) \
  SYSTOLE_ASSERT(sizeof(type) == 8 * (words), #type " has another size than the library's")

SYSTOLE_ASSERT(sizeof(uint64_t) == 8, "systole needs bytes of eight bits");
SYSTOLE_ASSERT(sizeof(systole_verdict_t) == 4, "enumerations have four bytes");
SYSTOLE_ASSERT_WORDS(systole_heartbeat_t, SYSTOLE_HEARTBEAT_WORDS);
SYSTOLE_ASSERT_WORDS(systole_planned_heartbeat_t, SYSTOLE_PLANNED_HEARTBEAT_WORDS);
SYSTOLE_ASSERT_WORDS(systole_monitor_t, SYSTOLE_MONITOR_WORDS);
SYSTOLE_ASSERT_WORDS(systole_planned_monitor_t, SYSTOLE_PLANNED_MONITOR_WORDS);
SYSTOLE_ASSERT_WORDS(systole_listener_t, SYSTOLE_LISTENER_WORDS);
SYSTOLE_ASSERT_WORDS(systole_sender_t, SYSTOLE_SENDER_WORDS);
SYSTOLE_ASSERT_WORDS(systole_lease_t, SYSTOLE_LEASE_WORDS);
SYSTOLE_ASSERT_WORDS(systole_clock_t, SYSTOLE_CLOCK_WORDS);
