#include "workload.h"

uint32_t random_bits(workload_random_t *random) {
  random->state ^= random->state << 13;
  random->state ^= random->state >> 17;
  random->state ^= random->state << 5;
  return random->state;
}

uint32_t random_below(workload_random_t *random, uint32_t end) {
  return (uint32_t)(((uint64_t)random_bits(random) * end) >> 32);
}

uint8_t random_byte(workload_random_t *random, uint8_t end) {
  return (uint8_t)random_below(random, end);
}

uint32_t random_span(workload_random_t *random) {
  uint32_t shift = random_below(random, 32);
  return random_bits(random) >> shift;
}

workload_digest_t digest_start(void) {
  workload_digest_t digest = {UINT64_C(0xcbf29ce484222325), false};
  return digest;
}

void hash_8(workload_digest_t *digest, uint8_t value) {
  digest->hash = (digest->hash ^ value) * UINT64_C(0x100000001b3);
}

void hash_16(workload_digest_t *digest, uint16_t value) {
  hash_8(digest, (uint8_t)(value & 0xff));
  hash_8(digest, (uint8_t)(value >> 8));
}

void hash_32(workload_digest_t *digest, uint32_t value) {
  hash_16(digest, (uint16_t)(value & 0xffff));
  hash_16(digest, (uint16_t)(value >> 16));
}

void hash_64(workload_digest_t *digest, uint64_t value) {
  hash_32(digest, (uint32_t)(value & UINT32_MAX));
  hash_32(digest, (uint32_t)(value >> 32));
}

void hash_span(workload_digest_t *digest, uint64_t us) {
  hash_64(digest, us / 1000000);
  hash_32(digest, (uint32_t)(us % 1000000) * 1000);
}

void hash_double(workload_digest_t *digest, double value) {
  union {
    double value;
    uint64_t bits;
  } pun;
  pun.value = value;
  hash_64(digest, pun.bits);
}

void hash_snapshot(workload_digest_t *digest, const systole_snapshot_t *snapshot) {
  hash_32(digest, snapshot->verdict);
  hash_32(digest, snapshot->level_milli);
  hash_span(digest, snapshot->interval_us);
  hash_span(digest, snapshot->timeout_us);
  hash_span(digest, snapshot->bound_us);
  hash_16(digest, (uint16_t)snapshot->samples);
  hash_span(digest, snapshot->mean_us);
  hash_span(digest, snapshot->standard_deviation_us);
  hash_span(digest, snapshot->smoothed_us);
  hash_double(digest, snapshot->fluctuation);
  hash_double(digest, snapshot->loss);
}

void expect_ok(workload_digest_t *digest, systole_status_t status) {
  digest->refused = digest->refused || status != SYSTOLE_STATUS_OK;
}

static bool is_accepted(const systole_config_t *config) {
  return systole_config_check(config, NULL) == SYSTOLE_STATUS_OK;
}

static bool draw_timeouts(workload_random_t *random, systole_config_t *config) {
  uint64_t a = random_span(random);
  uint64_t b = random_span(random);
  uint64_t first = random_span(random);
  uint64_t least = a < b ? a : b;
  uint64_t most = a < b ? b : a;
  first = first < least ? least : first;
  first = first > most ? most : first;
  config->timeout_first_us = first;
  config->timeout_min_us = least;
  config->timeout_max_us = most;
  return most > 0; /* all zeros would be the defaults */
}

static bool draw(workload_random_t *random, systole_config_t *config) {
  static const systole_spacing_t SPACINGS[3] = {
      SYSTOLE_SPACING_FIXED, SYSTOLE_SPACING_EXPONENTIAL, SYSTOLE_SPACING_CLOSING};
  systole_config_t before;
  systole_spacing_t spacing;
  uint64_t base = random_span(random);
  (void)systole_config_every(config, base);
  spacing = SPACINGS[random_byte(random, 3)];
  config->gain_percent = (uint16_t)(random_byte(random, 251) * 4);
  config->jitter_percent = random_byte(random, 51);
  config->rise = (uint8_t)(1 + random_byte(random, 3));
  config->seed = (uint64_t)random_bits(random) << 32;
  config->seed |= random_bits(random);
  if (!is_accepted(config) || config->seed == 0) {
    return false;
  }
  before = *config;
  config->retry_spacing = spacing;
  config->retries = random_byte(random, 6);
  if (!is_accepted(config)) {
    *config = before;
  }
  switch (random_below(random, 3)) {
  case 0:
    return true;
  case 1:
    config->detect_within_us = base * (2 + random_below(random, 8));
    return is_accepted(config);
  default:
    return draw_timeouts(random, config) && is_accepted(config);
  }
}

systole_config_t workload_config(workload_random_t *random) {
  systole_config_t config;
  while (!draw(random, &config)) {
  }
  return config;
}

uint64_t plus(uint64_t a, uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

void flights_clear(flights_t *flights, size_t room) {
  size_t slot;
  flights->room = room;
  for (slot = 0; slot < FLYING; slot++) {
    flights->is_used[slot] = false;
  }
}

size_t flights_send(flights_t *flights, uint64_t now_us, uint32_t magnitude,
                    workload_random_t *random) {
  uint64_t rtt_us = random_bits(random) >> magnitude;
  size_t slot = 0;
  while (slot < flights->room && flights->is_used[slot]) {
    slot++;
  }
  if (slot == flights->room || random_below(random, 8) == 0) {
    return FLYING;
  }
  flights->is_used[slot] = true;
  flights->at_us[slot] = plus(now_us, rtt_us);
  return slot;
}

uint64_t flights_first(const flights_t *flights, uint64_t until_us) {
  size_t slot;
  for (slot = 0; slot < flights->room; slot++) {
    if (flights->is_used[slot]) {
      until_us = least(until_us, flights->at_us[slot]);
    }
  }
  return until_us;
}

bool flights_arrived(flights_t *flights, size_t slot, uint64_t now_us) {
  bool has_arrived = flights->is_used[slot] && flights->at_us[slot] <= now_us;
  if (has_arrived) {
    flights->is_used[slot] = false;
  }
  return has_arrived;
}

uint64_t workload_run(const workload_t *workload, uint32_t seed, uint32_t steps) {
  workload_random_t random = {seed};
  workload_digest_t digest = digest_start();
  uint32_t at;
  workload->start(&random, &digest);
  for (at = 1; at <= steps; at++) {
    uint32_t what = random_below(&random, 64);
    workload->step(what, &random, &digest);
    if (at % 256 == 0) {
      workload->know(&digest);
    }
    if (at % LIFE == 0) {
      workload->start(&random, &digest);
    }
  }
  return digest.refused ? 0 : digest.hash;
}
