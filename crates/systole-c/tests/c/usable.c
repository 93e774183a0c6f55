/* Every machine does what it is for. Compiled as C11 and as C++11. */
#include <stddef.h>
#include <string.h>

#include "check.h"
#include "systole.h"

#define SECOND_US UINT64_C(1000000)

static systole_heartbeat_t heart;
static systole_planned_heartbeat_t planned_heart;
static systole_monitor_t monitor;
static systole_planned_monitor_t planned;
static systole_listener_t listener;
static systole_sender_t sender;
static systole_lease_t lease;
static systole_clock_t timer;

static void a_heartbeat_finds_its_peer_dead(void) {
  systole_config_t config;
  systole_verdict_t verdict;
  systole_snapshot_t snapshot;
  uint64_t span;
  uint32_t level;
  int missed;
  OK(systole_config_fixed(&config, SECOND_US));
  config.jitter_percent = 0;
  OK(systole_heartbeat_init(&heart, sizeof heart, &config, NULL));
  OK(systole_heartbeat_next_interval(&heart, 40000, &span));
  CHECK(span == SECOND_US);
  OK(systole_heartbeat_unsent(&heart, 10, &span));
  OK(systole_heartbeat_next_interval(&heart, 40000, &span));
  OK(systole_heartbeat_failed(&heart, SYSTOLE_FAILURE_RESET, 10, &span));
  OK(systole_heartbeat_verdict(&heart, &verdict));
  CHECK(verdict == SYSTOLE_VERDICT_SUSPECT);
  for (missed = 0; missed < 3; missed++) {
    OK(systole_heartbeat_missed(&heart, &span));
  }
  OK(systole_heartbeat_late(&heart, 70000));
  OK(systole_heartbeat_timeout(&heart, &span));
  OK(systole_heartbeat_level(&heart, &level));
  OK(systole_heartbeat_snapshot(&heart, &snapshot));
  CHECK(span > 0 && snapshot.interval_us == SECOND_US);
  CHECK(snapshot.loss > 0 && snapshot.loss < 1);
  CHECK(snapshot.promise.detect_within_us == 0);
}

static void a_planner_promises(void) {
  systole_planned_config_t config;
  systole_snapshot_t snapshot;
  uint64_t span;
  int sample;
  OK(systole_planned_config(&config, 10 * SECOND_US));
  OK(systole_planned_heartbeat_init(&planned_heart, sizeof planned_heart, &config, NULL));
  for (sample = 0; sample < 500; sample++) {
    OK(systole_planned_heartbeat_next_interval(&planned_heart, 40000, &span));
    CHECK(span > 0 && span < 10 * SECOND_US);
  }
  OK(systole_planned_heartbeat_snapshot(&planned_heart, &snapshot));
  CHECK(snapshot.promise.detect_within_us == 10 * SECOND_US);
  CHECK(snapshot.bound_us == 10 * SECOND_US);
  CHECK(snapshot.promise.infeasible == SYSTOLE_SETTING_UNKNOWN);
  CHECK(span > 5 * SECOND_US); /* it has learnt that the path is steady */
}

/* Until the verdict is dead, of a peer that answers after 30 ms for a minute. */
static uint64_t dead_at(void) {
  systole_output_t output;
  uint64_t now_us = 0, reply_at_us = SYSTOLE_NEVER, probe = 0;
  uint32_t number = 0;
  for (;;) {
    int polls = 0;
    do {
      OK(systole_monitor_poll(&monitor, now_us, &output));
      CHECK(++polls <= SYSTOLE_MAX_DRAIN);
      if (output.action == SYSTOLE_ACTION_SEND && now_us < 60 * SECOND_US) {
        probe = output.probe;
        reply_at_us = now_us + 30000;
      }
      if (output.action == SYSTOLE_ACTION_EVENT) {
        CHECK(output.event.number == ++number && output.event.at_us <= now_us);
        CHECK(output.event.kind == SYSTOLE_EVENT_TRANSITION);
        if (output.event.to == SYSTOLE_VERDICT_DEAD) {
          CHECK(output.event.from == SYSTOLE_VERDICT_SUSPECT);
          CHECK(output.event.reason == SYSTOLE_REASON_BOUND_ELAPSED);
          CHECK(output.event.level_milli > 0);
          return now_us;
        }
      }
    } while (output.action != SYSTOLE_ACTION_WAIT);
    CHECK(output.until_us > now_us);
    now_us = output.until_us < reply_at_us ? output.until_us : reply_at_us;
    if (now_us == reply_at_us) {
      OK(systole_monitor_handle_reply(&monitor, probe, now_us));
      reply_at_us = SYSTOLE_NEVER;
    }
  }
}

static void a_monitor_keeps_its_bound(void) {
  systole_config_t config;
  systole_monitor_snapshot_t snapshot;
  uint64_t now_us, earliest_us;
  OK(systole_config_every(&config, SECOND_US));
  config.detect_within_us = 3 * SECOND_US;
  config.seed = 0xd1ce;
  config.without_initial_delay = 1;
  OK(systole_monitor_init(&monitor, sizeof monitor, &config, 0, NULL));
  now_us = dead_at();
  CHECK(now_us > 60 * SECOND_US && now_us <= 63 * SECOND_US);
  OK(systole_monitor_next_probe_earliest(&monitor, &earliest_us));
  CHECK(earliest_us == SYSTOLE_NEVER);
  OK(systole_monitor_handle_traffic(&monitor, now_us + 1));
  config.detect_within_us = 5 * SECOND_US;
  OK(systole_monitor_reconfigure(&monitor, &config, now_us + 2, NULL));
  OK(systole_monitor_snapshot(&monitor, now_us + 2, &snapshot));
  CHECK(snapshot.path.bound_us == 5 * SECOND_US);
  CHECK(snapshot.counters.dead == 1 && snapshot.counters.undecided == 1);
}

static void a_planned_monitor_takes_everything(void) {
  systole_planned_config_t config;
  systole_output_t output;
  systole_verdict_t verdict;
  systole_monitor_snapshot_t snapshot;
  uint64_t earliest_us;
  uint32_t level;
  OK(systole_planned_config(&config, 5 * SECOND_US));
  config.seed = 1;
  config.without_initial_delay = 1;
  OK(systole_planned_monitor_init(&planned, sizeof planned, &config, 0, NULL));
  OK(systole_planned_monitor_poll(&planned, 0, &output));
  CHECK(output.action == SYSTOLE_ACTION_SEND);
  OK(systole_planned_monitor_handle_reply_with(&planned, output.probe, 90000, 50000));
  OK(systole_planned_monitor_next_probe_earliest(&planned, &earliest_us));
  CHECK(earliest_us != SYSTOLE_NEVER);
  OK(systole_planned_monitor_handle_reply_any(&planned, 100000));
  OK(systole_planned_monitor_handle_reply(&planned, 1, 100000));
  OK(systole_planned_monitor_handle_traffic(&planned, 100000));
  OK(systole_planned_monitor_handle_failure(&planned, 2, SYSTOLE_FAILURE_REFUSED, 100000));
  OK(systole_planned_monitor_handle_unsent(&planned, 2, 100000));
  OK(systole_planned_monitor_handle_skipped(&planned, 2, 100000));
  OK(systole_planned_monitor_handle_pushback(&planned, 100000, SECOND_US));
  OK(systole_planned_monitor_probe_now(&planned, 200000));
  OK(systole_planned_monitor_resumed(&planned, 200000));
  OK(systole_planned_monitor_restarted(&planned, 200000));
  OK(systole_planned_monitor_resync(&planned, 150000));
  OK(systole_planned_monitor_verdict(&planned, &verdict));
  OK(systole_planned_monitor_level(&planned, 200000, &level));
  OK(systole_planned_monitor_snapshot(&planned, 200000, &snapshot));
  CHECK(snapshot.path.mean_us == 40000 && snapshot.counters.answered == 1);
  CHECK(snapshot.counters.ignored >= 4 && snapshot.path.promise.probes_per_s > 0);
  OK(systole_planned_monitor_reconfigure(&planned, &config, 200000, NULL));
}

/* A keyed code that protects nothing. */
static void tag_of(const uint8_t *bytes, uint8_t *tag) {
  size_t at;
  memset(tag, 0x5a, 16);
  for (at = 0; at < SYSTOLE_BEAT_SIZE; at++) {
    tag[at % 16] = (uint8_t)(tag[at % 16] ^ bytes[at]);
  }
}

static void deliver(const systole_beat_t *sent, uint64_t now_us, systole_beat_outcome_t expected) {
  systole_beat_outcome_t outcome = SYSTOLE_BEAT_UNKNOWN;
  uint8_t bytes[SYSTOLE_BEAT_TAGGED_SIZE];
  uint8_t plain[SYSTOLE_BEAT_SIZE];
  uint8_t tag[16];
  systole_beat_t beat;
  OK(systole_beat_encode(sent, &plain));
  OK(systole_beat_decode(plain, sizeof plain, &beat));
  CHECK(beat.interval_us == sent->interval_us && beat.deadline_us == sent->deadline_us);
  CHECK(beat.sequence == sent->sequence && beat.incarnation == sent->incarnation);
  CHECK(beat.load == sent->load && beat.has_load == sent->has_load);
  CHECK(beat.goodbye == sent->goodbye && beat.authentic == 0);
  OK(systole_beat_seal(sent, &bytes));
  tag_of(bytes, tag);
  CHECK(systole_beat_open(bytes, sizeof bytes, tag, &beat) == SYSTOLE_STATUS_BEAT);
  memcpy(bytes + SYSTOLE_BEAT_SIZE, tag, sizeof tag);
  OK(systole_beat_open(bytes, sizeof bytes, tag, &beat));
  CHECK(beat.authentic == 1 && beat.sequence == sent->sequence);
  OK(systole_listener_handle_beat(&listener, &beat, now_us, &outcome));
  CHECK(outcome == expected);
}

static systole_verdict_t heard(uint64_t now_us) {
  systole_output_t output;
  systole_verdict_t verdict;
  do {
    OK(systole_listener_poll(&listener, now_us, &output));
  } while (output.action == SYSTOLE_ACTION_EVENT);
  CHECK(output.action == SYSTOLE_ACTION_WAIT && output.until_us > now_us);
  OK(systole_listener_verdict(&listener, &verdict));
  return verdict;
}

static void start_both_ends(void) {
  systole_listener_config_t listening;
  systole_sender_config_t sending;
  OK(systole_listener_config(&listening));
  listening.authenticated = 1;
  listening.detect_within_us = 5 * SECOND_US;
  OK(systole_listener_init(&listener, sizeof listener, &listening, 0, NULL));
  OK(systole_sender_config(&sending, SECOND_US, 3));
  OK(systole_sender_init(&sender, sizeof sender, &sending, 0, NULL));
  OK(systole_sender_set_load(&sender, 300));
}

static void a_listener_hears_a_sender(void) {
  systole_sender_output_t output;
  systole_listener_snapshot_t snapshot;
  systole_beat_t last;
  uint64_t now_us, span;
  uint32_t level;
  int32_t load;
  start_both_ends();
  for (now_us = 0; now_us < 60 * SECOND_US; now_us += SECOND_US / 4) {
    OK(systole_sender_poll(&sender, now_us, &output));
    if (output.action == SYSTOLE_ACTION_SEND) {
      deliver(&output.beat, now_us, now_us == 0 ? SYSTOLE_BEAT_NEW_LIFE : SYSTOLE_BEAT_FRESH);
      deliver(&output.beat, now_us, SYSTOLE_BEAT_REPEATED);
    }
    CHECK(heard(now_us) == SYSTOLE_VERDICT_ALIVE);
  }
  OK(systole_listener_load(&listener, &load));
  CHECK(load == 255);
  OK(systole_listener_bound(&listener, &span));
  CHECK(span == 5 * SECOND_US);
  CHECK(heard(now_us + 3 * SECOND_US) == SYSTOLE_VERDICT_SUSPECT);
  OK(systole_listener_level(&listener, now_us + 3 * SECOND_US, &level));
  CHECK(level > 0);
  OK(systole_listener_snapshot(&listener, now_us + 3 * SECOND_US, &snapshot));
  CHECK(snapshot.incarnation == 3 && snapshot.sequence == 59 && snapshot.counters.beats == 60);
  OK(systole_listener_resumed(&listener, now_us + 3 * SECOND_US));
  OK(systole_listener_resync(&listener, now_us + 3 * SECOND_US));
  CHECK(systole_sender_set_interval(&sender, 0, now_us, NULL) == SYSTOLE_STATUS_RANGE);
  OK(systole_sender_set_interval(&sender, SECOND_US / 2, now_us, NULL));
  OK(systole_sender_interval(&sender, &span));
  CHECK(span == SECOND_US / 2);
  OK(systole_sender_goodbye(&sender, &last));
  deliver(&last, now_us + 3 * SECOND_US, SYSTOLE_BEAT_GOODBYE);
  OK(systole_sender_poll(&sender, now_us, &output));
  CHECK(output.action == SYSTOLE_ACTION_IDLE);
}

/* Polls until there is nothing to do. Returns the last event and keeps the last request. */
static systole_lease_event_kind_t lease_drained(uint64_t now_us, systole_lease_request_t *request,
                                                uint64_t *until_us) {
  systole_lease_event_kind_t kind = SYSTOLE_LEASE_EVENT_UNKNOWN;
  systole_lease_output_t output;
  int polls = 0;
  do {
    OK(systole_lease_poll(&lease, now_us, &output));
    CHECK(++polls <= SYSTOLE_MAX_DRAIN);
    if (output.action == SYSTOLE_ACTION_SEND) {
      *request = output.request;
    }
    if (output.action == SYSTOLE_ACTION_EVENT) {
      kind = output.event.kind;
    }
  } while (output.action == SYSTOLE_ACTION_SEND || output.action == SYSTOLE_ACTION_EVENT);
  CHECK(output.action != SYSTOLE_ACTION_WAIT || output.until_us > now_us);
  *until_us = output.until_us;
  return kind;
}

static int is_held(uint64_t now_us) {
  uint8_t held = 9;
  OK(systole_lease_is_held(&lease, now_us, &held));
  CHECK(held <= 1);
  return held;
}

static void a_lease_is_held_until_its_fence(void) {
  systole_lease_config_t config;
  systole_lease_request_t request;
  systole_lease_snapshot_t snapshot;
  systole_grant_outcome_t granted;
  systole_refusal_outcome_t refused;
  uint64_t until_us, fence_us, stop_us, epoch;
  uint32_t sent;
  uint8_t flag;
  OK(systole_lease_config_renewed(&config, 10 * SECOND_US));
  config.stop_within_us = SECOND_US;
  OK(systole_lease_config_check(&config, NULL));
  OK(systole_lease_init(&lease, sizeof lease, &config, 0, NULL));
  OK(systole_lease_fence_at(&lease, &fence_us));
  CHECK(fence_us == 0 && !is_held(0));
  (void)lease_drained(0, &request, &until_us);
  CHECK(request.action == SYSTOLE_LEASE_ACTION_ACQUIRE && request.ttl_us == 10 * SECOND_US);
  OK(systole_lease_handle_granted(&lease, request.renewal, 10 * SECOND_US, 7, 20000, &granted));
  CHECK(granted == SYSTOLE_GRANT_EXTENDED);
  OK(systole_lease_handle_granted(&lease, request.renewal, 10 * SECOND_US, 7, 20000, &granted));
  CHECK(granted == SYSTOLE_GRANT_NO_REQUEST);
  CHECK(lease_drained(20000, &request, &until_us) == SYSTOLE_LEASE_EVENT_HELD);
  OK(systole_lease_fence_at(&lease, &fence_us));
  OK(systole_lease_stop_at(&lease, &stop_us));
  OK(systole_lease_epoch(&lease, &epoch));
  CHECK(fence_us == 9989000 && stop_us == 8989000 && epoch == 7);
  CHECK(is_held(fence_us - 1) && !is_held(fence_us) && !is_held(19999));
  OK(systole_lease_handle_sent(&lease, 400000, &sent));
  CHECK(sent > 0);
  OK(systole_lease_handle_pushback(&lease, SECOND_US, 400000));
  while (request.action != SYSTOLE_LEASE_ACTION_RENEW) {
    CHECK(until_us < fence_us);
    (void)lease_drained(until_us, &request, &until_us);
  }
  OK(systole_lease_handle_failed(&lease, request.renewal, until_us, &flag));
  CHECK(flag == 1);
  OK(systole_lease_snapshot(&lease, until_us, &snapshot));
  CHECK(snapshot.is_held == 1 && snapshot.fence_at_us == fence_us);
  CHECK(snapshot.counters.failed == 1 && snapshot.promise.renewals_per_s > 0);
  CHECK(lease_drained(fence_us, &request, &until_us) == SYSTOLE_LEASE_EVENT_FENCED);
  OK(systole_lease_handle_refused(&lease, request.renewal, SYSTOLE_REFUSAL_HELD_BY_ANOTHER,
                                  fence_us + 1, &refused));
  CHECK(refused == SYSTOLE_REFUSED_LOST);
  CHECK(lease_drained(fence_us + 1, &request, &until_us) == SYSTOLE_LEASE_EVENT_LOST);
  OK(systole_lease_handle_ended(&lease, SYSTOLE_REFUSAL_EXPIRED, fence_us + 2, &refused));
  CHECK(refused == SYSTOLE_REFUSED_NO_REQUEST);
  config.ttl_us = 20 * SECOND_US;
  OK(systole_lease_reconfigure(&lease, &config, fence_us + 3, NULL));
  OK(systole_lease_resync(&lease, fence_us + 4));
  OK(systole_lease_release(&lease, fence_us + 5));
  (void)lease_drained(fence_us + 5, &request, &until_us);
  CHECK(request.action == SYSTOLE_LEASE_ACTION_RELEASE);
  OK(systole_lease_handle_released(&lease, fence_us + 6, &flag));
  CHECK(flag == 1);
  OK(systole_lease_acquire(&lease, fence_us + 7));
  (void)lease_drained(fence_us + 7, &request, &until_us);
  CHECK(request.action == SYSTOLE_LEASE_ACTION_ACQUIRE && request.ttl_us == 20 * SECOND_US);
}

static void a_clock_goes_on_where_its_counter_wraps(void) {
  uint64_t now_us;
  OK(systole_clock_init(&timer, sizeof timer, 10, UINT32_C(0xfffffff0), NULL));
  OK(systole_clock_extend(&timer, 0x10, &now_us));
  CHECK(now_us == 320);
  OK(systole_clock_extend(&timer, 0x08, &now_us)); /* backwards: no time passed */
  CHECK(now_us == 320);
}

int main(void) {
  a_heartbeat_finds_its_peer_dead();
  a_planner_promises();
  a_monitor_keeps_its_bound();
  a_planned_monitor_takes_everything();
  a_listener_hears_a_sender();
  a_lease_is_held_until_its_fence();
  a_clock_goes_on_where_its_counter_wraps();
  return 0;
}
