#include "digest.h"
#include "workload.h"

static systole_heartbeat_t heart;

static void start(workload_random_t *random, workload_digest_t *digest) {
  systole_config_t config = workload_config(random);
  expect_ok(digest, systole_heartbeat_init(&heart, sizeof heart, &config, NULL));
}

static void outcome(workload_random_t *random, workload_digest_t *digest, uint32_t magnitude) {
  uint64_t rtt_us = random_bits(random) >> magnitude;
  uint64_t interval_us = 0;
  uint32_t what = random_below(random, 32);
  if (what < 24) {
    expect_ok(digest, systole_heartbeat_next_interval(&heart, rtt_us, &interval_us));
    hash_span(digest, interval_us);
  } else if (what < 30) {
    expect_ok(digest, systole_heartbeat_missed(&heart, &interval_us));
    hash_span(digest, interval_us);
  } else {
    expect_ok(digest, systole_heartbeat_late(&heart, rtt_us));
  }
}

static void know(workload_digest_t *digest) {
  systole_verdict_t verdict = SYSTOLE_VERDICT_UNKNOWN;
  uint64_t timeout_us = 0;
  uint32_t level = 0;
  expect_ok(digest, systole_heartbeat_verdict(&heart, &verdict));
  hash_32(digest, verdict);
  expect_ok(digest, systole_heartbeat_timeout(&heart, &timeout_us));
  hash_span(digest, timeout_us);
  expect_ok(digest, systole_heartbeat_level(&heart, &level));
  hash_32(digest, level);
}

uint64_t heartbeat_digest(uint32_t steps) {
  workload_random_t random = {UINT32_C(0x0005ea7e)};
  workload_digest_t digest = digest_start();
  systole_snapshot_t snapshot;
  uint32_t magnitude = 12;
  uint32_t step;
  start(&random, &digest);
  for (step = 1; step <= steps; step++) {
    if (random_below(&random, 64) == 0) {
      magnitude = random_below(&random, 32);
    }
    outcome(&random, &digest, magnitude);
    know(&digest);
    if (step % 256 == 0) {
      expect_ok(&digest, systole_heartbeat_snapshot(&heart, &snapshot));
      hash_snapshot(&digest, &snapshot);
    }
    if (step % LIFE == 0) {
      start(&random, &digest);
    }
  }
  return digest.refused ? 0 : digest.hash;
}
