#include "digest.h"
#include "workload.h"

static struct {
  systole_monitor_t monitor;
  uint64_t now_us;
  uint64_t until_us;
  uint64_t last;
  flights_t flying;
  uint64_t probes[FLYING];
  uint32_t magnitude;
} world;

static void start(workload_random_t *random, workload_digest_t *digest) {
  systole_config_t config;
  uint64_t now_us = (uint64_t)random_span(random) * 1000000;
  config = workload_config(random);
  expect_ok(digest, systole_monitor_init(&world.monitor, sizeof world.monitor, &config, now_us, NULL));
  world.now_us = now_us;
  world.until_us = now_us;
  world.last = 0;
  flights_clear(&world.flying, 8);
  world.magnitude = 12;
}

static void send(const uint64_t *probe, workload_random_t *random, workload_digest_t *digest) {
  size_t slot;
  hash_64(digest, *probe);
  world.last = *probe;
  slot = flights_send(&world.flying, world.now_us, world.magnitude, random);
  if (slot < FLYING) {
    world.probes[slot] = *probe;
  }
}

static void note(const systole_event_t *event, workload_digest_t *digest) {
  hash_32(digest, event->number);
  switch (event->kind) {
  case SYSTOLE_EVENT_TRANSITION:
    hash_64(digest, event->at_us);
    hash_32(digest, event->level_milli);
    hash_32(digest, event->from);
    hash_32(digest, event->to);
    hash_32(digest, event->reason - 1); /* as Rust counts them */
    if (event->reason == SYSTOLE_REASON_FAILED) {
      hash_32(digest, event->failure - 1);
    }
    break;
  case SYSTOLE_EVENT_PAUSED:
    hash_span(digest, event->lateness_us);
    break;
  case SYSTOLE_EVENT_BOUND_RELAXED:
    hash_span(digest, event->bound_from_us);
    hash_span(digest, event->bound_to_us);
    break;
  default:
    break;
  }
}

DEFINE_DRAIN(monitor, systole_output_t, probe, SYSTOLE_MAX_DRAIN)

/* Sleeps until the deadline or until something arrives, and `late_us` more. */
static void beat(uint64_t late_us, workload_random_t *random, workload_digest_t *digest) {
  uint64_t wake_us = plus(flights_first(&world.flying, world.until_us), late_us);
  size_t slot;
  world.now_us = wake_us > world.now_us ? wake_us : world.now_us;
  for (slot = 0; slot < FLYING; slot++) {
    if (flights_arrived(&world.flying, slot, world.now_us)) {
      expect_ok(digest, systole_monitor_handle_reply(&world.monitor, world.probes[slot],
                                                     world.flying.at_us[slot]));
    }
  }
  drain(random, digest);
}

/* What arrives out of turn. */
static systole_status_t hear(uint32_t what, uint64_t span_us, workload_random_t *random) {
  systole_monitor_t *monitor = &world.monitor;
  uint64_t forged = (uint64_t)random_bits(random) << 32;
  forged |= random_bits(random);
  switch (what) {
  case 50:
    return systole_monitor_handle_reply_any(monitor, world.now_us);
  case 51:
    return systole_monitor_handle_reply(monitor, forged, world.now_us);
  case 52:
    return systole_monitor_handle_reply(monitor, world.last, world.now_us);
  case 53:
    return systole_monitor_handle_reply_with(monitor, world.last, world.now_us, span_us);
  case 54:
    return systole_monitor_handle_traffic(monitor, world.now_us);
  case 55:
    return systole_monitor_handle_failure(monitor, world.last, SYSTOLE_FAILURE_REFUSED,
                                          world.now_us);
  default:
    return systole_monitor_handle_unsent(monitor, world.last, world.now_us);
  }
}

/* What the caller knows. */
static systole_status_t tell(uint32_t what, uint64_t span_us) {
  systole_monitor_t *monitor = &world.monitor;
  systole_status_t status;
  switch (what) {
  case 57:
    return systole_monitor_probe_now(monitor, world.now_us);
  case 58:
    return systole_monitor_handle_pushback(monitor, world.now_us, 0);
  case 59:
    return systole_monitor_restarted(monitor, world.now_us);
  case 60:
    return systole_monitor_resumed(monitor, world.now_us);
  case 61:
    world.now_us = world.now_us > span_us ? world.now_us - span_us : 0;
    return SYSTOLE_STATUS_OK;
  case 62:
    flights_clear(&world.flying, 8);
    return SYSTOLE_STATUS_OK;
  default:
    status = systole_monitor_handle_traffic(monitor, plus(world.now_us, span_us));
    if (status != SYSTOLE_STATUS_OK) {
      return status;
    }
    return systole_monitor_resync(monitor, world.now_us);
  }
}

static void step(uint32_t what, workload_random_t *random, workload_digest_t *digest) {
  uint64_t span_us = random_span(random);
  systole_verdict_t verdict = SYSTOLE_VERDICT_UNKNOWN;
  uint32_t level = 0;
  if (what < 40) {
    beat(0, random, digest);
  } else if (what < 44) {
    beat(span_us, random, digest);
  } else if (what < 48) {
    world.now_us = least(plus(world.now_us, span_us), world.until_us);
    drain(random, digest);
  } else if (what < 50) {
    world.magnitude = random_below(random, 32);
  } else if (what < 57) {
    expect_ok(digest, hear(what, span_us, random));
  } else {
    expect_ok(digest, tell(what, span_us));
  }
  expect_ok(digest, systole_monitor_verdict(&world.monitor, &verdict));
  hash_32(digest, verdict);
  expect_ok(digest, systole_monitor_level(&world.monitor, world.now_us, &level));
  hash_32(digest, level);
}

static void hash_option(workload_digest_t *digest, bool is_some) {
  hash_32(digest, is_some ? 1 : 0);
}

static void know(workload_digest_t *digest) {
  systole_monitor_snapshot_t snapshot;
  const systole_counters_t *counters = &snapshot.counters;
  expect_ok(digest, systole_monitor_snapshot(&world.monitor, world.now_us, &snapshot));
  if (digest->refused) {
    return;
  }
  hash_snapshot(digest, &snapshot.path);
  hash_option(digest, snapshot.dead_at_us != SYSTOLE_NEVER);
  if (snapshot.dead_at_us != SYSTOLE_NEVER) {
    hash_64(digest, snapshot.dead_at_us);
  }
  hash_64(digest, snapshot.next_probe_at_us);
  hash_8(digest, (uint8_t)snapshot.unanswered);
  hash_option(digest, snapshot.last_failure != SYSTOLE_FAILURE_UNKNOWN);
  if (snapshot.last_failure != SYSTOLE_FAILURE_UNKNOWN) {
    hash_32(digest, snapshot.last_failure - 1);
  }
  hash_32(digest, snapshot.events);
  hash_32(digest, counters->answered);
  hash_32(digest, counters->lost);
  hash_32(digest, counters->late);
  hash_32(digest, counters->stale);
  hash_32(digest, counters->ignored);
  hash_32(digest, counters->refuted);
  hash_64(digest, counters->lateness_us);
}

uint64_t monitor_digest(uint32_t steps) {
  static const workload_t MONITOR = {start, step, know};
  return workload_run(&MONITOR, UINT32_C(0x0b5e55ed), steps);
}
