#include "digest.h"
#include "workload.h"

/* More polls than a lease has events and requests at one moment. */
#define DRAIN 8
/* The most requests on their way. */
#define REQUESTS 4

static struct {
  systole_lease_t lease;
  uint64_t now_us;
  uint64_t until_us;
  flights_t flying;
  systole_lease_request_t requests[REQUESTS];
  uint32_t last;
  uint64_t epoch;
  uint32_t magnitude;
} world;

static bool draw(workload_random_t *random, systole_lease_config_t *config) {
  uint32_t kind = random_below(random, 4);
  uint64_t ttl_us = random_span(random);
  uint64_t heartbeat_us = random_span(random);
  switch (kind) {
  case 0:
    (void)systole_lease_config_renewed(config, ttl_us);
    break;
  case 1:
    (void)systole_lease_config_renewed_in_seconds(config, ttl_us);
    break;
  case 2:
    (void)systole_lease_config_keep_alive(config, ttl_us);
    break;
  default:
    (void)systole_lease_config_session(config, ttl_us, heartbeat_us > 0 ? heartbeat_us : 1);
    break;
  }
  config->drift_ppm = random_below(random, 2000);
  config->stop_within_us = random_span(random) >> 8;
  config->jitter_percent = random_byte(random, 51);
  config->seed = random_bits(random);
  return systole_lease_config_check(config, NULL) == SYSTOLE_STATUS_OK;
}

static systole_lease_config_t lease_config(workload_random_t *random) {
  systole_lease_config_t config;
  while (!draw(random, &config)) {
  }
  return config;
}

static void start(workload_random_t *random, workload_digest_t *digest) {
  systole_lease_config_t config;
  uint64_t now_us = (uint64_t)random_span(random) * 1000000;
  config = lease_config(random);
  expect_ok(digest, systole_lease_init(&world.lease, sizeof world.lease, &config, now_us, NULL));
  world.now_us = now_us;
  world.until_us = now_us;
  flights_clear(&world.flying, REQUESTS);
  world.last = 0;
  world.epoch = 1;
  world.magnitude = 12;
}

/* Enumerators of C begin with the one for the unknown, those of Rust do not. */
static void hash_enumerator(workload_digest_t *digest, uint32_t value) {
  hash_32(digest, value - 1);
}

static void send(const systole_lease_request_t *request, workload_random_t *random,
                 workload_digest_t *digest) {
  size_t slot;
  hash_enumerator(digest, request->action);
  hash_32(digest, request->renewal);
  hash_32(digest, request->holding);
  hash_span(digest, request->ttl_us);
  world.last = request->renewal;
  slot = flights_send(&world.flying, world.now_us, world.magnitude, random);
  if (slot < REQUESTS) {
    world.requests[slot] = *request;
  }
}

static void note(const systole_lease_event_t *event, workload_digest_t *digest) {
  hash_32(digest, event->number);
  hash_64(digest, event->at_us);
  switch (event->kind) {
  case SYSTOLE_LEASE_EVENT_HELD:
  case SYSTOLE_LEASE_EVENT_REGAINED:
    hash_64(digest, event->epoch);
    break;
  case SYSTOLE_LEASE_EVENT_LATE:
    hash_span(digest, event->left_us);
    break;
  case SYSTOLE_LEASE_EVENT_FENCED:
    hash_enumerator(digest, event->fence_reason);
    break;
  case SYSTOLE_LEASE_EVENT_LOST:
    hash_enumerator(digest, event->refusal);
    break;
  default:
    break;
  }
}

DEFINE_DRAIN(lease, systole_lease_output_t, request, DRAIN)

static void granted(uint32_t renewal, uint64_t ttl_us, uint64_t at_us, workload_digest_t *digest) {
  systole_grant_outcome_t outcome = SYSTOLE_GRANT_UNKNOWN;
  expect_ok(digest, systole_lease_handle_granted(&world.lease, renewal, ttl_us, world.epoch, at_us,
                                                 &outcome));
  hash_enumerator(digest, outcome);
}

static void arrive(const systole_lease_request_t *request, uint64_t at_us,
                   workload_digest_t *digest) {
  uint8_t was_releasing = 0;
  if (request->action == SYSTOLE_LEASE_ACTION_RELEASE) {
    expect_ok(digest, systole_lease_handle_released(&world.lease, at_us, &was_releasing));
    hash_8(digest, was_releasing);
  } else {
    granted(request->renewal, request->ttl_us, at_us, digest);
  }
}

/* Sleeps until the deadline or until something arrives, and `late_us` more. */
static void turn(uint64_t late_us, workload_digest_t *digest) {
  uint64_t wake_us = plus(flights_first(&world.flying, world.until_us), late_us);
  size_t slot;
  world.now_us = wake_us > world.now_us ? wake_us : world.now_us;
  for (slot = 0; slot < REQUESTS; slot++) {
    if (flights_arrived(&world.flying, slot, world.now_us)) {
      arrive(&world.requests[slot], world.flying.at_us[slot], digest);
    }
  }
}

static systole_refusal_t draw_refusal(workload_random_t *random) {
  static const systole_refusal_t REFUSALS[3] = {
      SYSTOLE_REFUSAL_HELD_BY_ANOTHER, SYSTOLE_REFUSAL_EXPIRED, SYSTOLE_REFUSAL_DENIED};
  return REFUSALS[random_below(random, 3)];
}

/* Answers out of turn. */
static void hear(uint32_t what, uint64_t span_us, workload_random_t *random,
                 workload_digest_t *digest) {
  systole_refusal_outcome_t outcome = SYSTOLE_REFUSED_UNKNOWN;
  uint8_t is_outstanding = 0;
  uint32_t forged = random_bits(random);
  systole_refusal_t why = draw_refusal(random);
  switch (what) {
  case 49:
    granted(world.last, span_us, world.now_us, digest);
    break;
  case 50:
    granted(forged, span_us, world.now_us, digest);
    break;
  case 51:
    expect_ok(digest, systole_lease_handle_refused(&world.lease, world.last, why, world.now_us,
                                                   &outcome));
    hash_enumerator(digest, outcome);
    break;
  case 52:
    expect_ok(digest, systole_lease_handle_ended(&world.lease, why, world.now_us, &outcome));
    hash_enumerator(digest, outcome);
    break;
  default:
    expect_ok(digest, systole_lease_handle_failed(&world.lease, world.last, world.now_us,
                                                  &is_outstanding));
    hash_8(digest, is_outstanding);
    break;
  }
}

static systole_status_t reconfigure(workload_random_t *random) {
  systole_lease_config_t config = lease_config(random);
  return systole_lease_reconfigure(&world.lease, &config, world.now_us, NULL);
}

/* What the holder knows and wants. */
static void tell(uint32_t what, uint64_t span_us, workload_digest_t *digest) {
  uint32_t sent = 0;
  switch (what) {
  case 55:
    expect_ok(digest, systole_lease_handle_pushback(&world.lease, span_us, world.now_us));
    break;
  case 56:
    expect_ok(digest, systole_lease_handle_sent(&world.lease, world.now_us, &sent));
    world.last = sent > 0 ? sent : world.last;
    hash_32(digest, sent);
    break;
  case 57:
    expect_ok(digest, systole_lease_release(&world.lease, world.now_us));
    break;
  case 59:
    expect_ok(digest, systole_lease_resync(&world.lease, world.now_us));
    break;
  case 60:
    world.now_us = world.now_us > span_us ? world.now_us - span_us : 0;
    break;
  case 61:
    world.epoch++;
    break;
  case 62:
    flights_clear(&world.flying, REQUESTS);
    break;
  default:
    expect_ok(digest, systole_lease_acquire(&world.lease, world.now_us));
    break;
  }
}

static void step(uint32_t what, workload_random_t *random, workload_digest_t *digest) {
  uint64_t span_us = random_span(random);
  uint64_t early_us;
  uint64_t fence_at_us = 0;
  uint8_t is_held = 0;
  if (what < 45) {
    turn(what < 42 ? 0 : span_us, digest);
    drain(random, digest);
  } else if (what < 48) {
    early_us = plus(world.now_us, span_us);
    world.now_us = early_us < world.until_us ? early_us : world.until_us;
    drain(random, digest);
  } else if (what == 48) {
    world.magnitude = random_below(random, 32);
  } else if (what < 54) {
    hear(what, span_us, random, digest);
  } else if (what == 54) {
    expect_ok(digest, reconfigure(random));
  } else {
    tell(what, span_us, digest);
  }
  expect_ok(digest, systole_lease_is_held(&world.lease, world.now_us, &is_held));
  hash_8(digest, is_held);
  expect_ok(digest, systole_lease_fence_at(&world.lease, &fence_at_us));
  hash_64(digest, fence_at_us);
}

static void know(workload_digest_t *digest) {
  systole_lease_snapshot_t snapshot;
  expect_ok(digest, systole_lease_snapshot(&world.lease, world.now_us, &snapshot));
  hash_64(digest, snapshot.epoch);
  hash_span(digest, snapshot.ttl_us);
  hash_span(digest, snapshot.interval_us);
  hash_span(digest, snapshot.timeout_us);
  hash_span(digest, snapshot.promise.lapses_at_most_one_per_us);
  hash_double(digest, snapshot.promise.renewals_per_s);
  hash_64(digest, snapshot.promise.nearest_us);
  hash_32(digest, snapshot.counters.sent);
  hash_32(digest, snapshot.counters.granted);
  hash_32(digest, snapshot.counters.refused);
  hash_32(digest, snapshot.counters.failed);
  hash_32(digest, snapshot.counters.ignored);
  hash_32(digest, snapshot.counters.fenced);
  hash_32(digest, snapshot.counters.lost);
}

uint64_t lease_digest(uint32_t steps) {
  static const workload_t LEASE = {start, step, know};
  return workload_run(&LEASE, UINT32_C(0x1ea5ed11), steps);
}
