/* What the workloads share: random numbers, FNV-1a, configurations, flights, and the loop. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "systole.h"

/* How long a configuration lasts, in steps. */
#define LIFE UINT32_C(4096)

typedef struct {
  uint32_t state;
} workload_random_t;

uint32_t random_bits(workload_random_t *random);
uint32_t random_below(workload_random_t *random, uint32_t end);
uint8_t random_byte(workload_random_t *random, uint8_t end);
uint32_t random_span(workload_random_t *random);

typedef struct {
  uint64_t hash;
  bool refused; /* whether a call was refused that must not be */
} workload_digest_t;

/* Hashes integers with the least significant byte first. */
void hash_8(workload_digest_t *digest, uint8_t value);
void hash_16(workload_digest_t *digest, uint16_t value);
void hash_32(workload_digest_t *digest, uint32_t value);
void hash_64(workload_digest_t *digest, uint64_t value);

/* Hashes the bits. */
void hash_double(workload_digest_t *digest, double value);

/* Hashes a span as seconds and nanoseconds. */
void hash_span(workload_digest_t *digest, uint64_t us);
void hash_snapshot(workload_digest_t *digest, const systole_snapshot_t *snapshot);

/* Notes what a call answered. */
void expect_ok(workload_digest_t *digest, systole_status_t status);

/* The hash of nothing. */
workload_digest_t digest_start(void);

/* A configuration that somebody might state. */
systole_config_t workload_config(workload_random_t *random);

/* The sum, or the greatest number. */
uint64_t plus(uint64_t a, uint64_t b);
uint64_t least(uint64_t a, uint64_t b);

/* What is on its way to the peer and back, at most so many at once, and when its answer arrives. */
#define FLYING 8

typedef struct {
  size_t room;
  bool is_used[FLYING];
  uint64_t at_us[FLYING];
} flights_t;

/* Nothing is on its way, and there is room for so many. */
void flights_clear(flights_t *flights, size_t room);
/* Returns the slot of what is sent now, or FLYING where it is lost: one in eight. Round trips are as
 * short as the magnitude, a shift, says. */
size_t flights_send(flights_t *flights, uint64_t now_us, uint32_t magnitude,
                    workload_random_t *random);
/* Returns the first arrival before `until_us`, or that. */
uint64_t flights_first(const flights_t *flights, uint64_t until_us);
/* Returns whether the answer in the slot has arrived. It then is no longer on its way. */
bool flights_arrived(flights_t *flights, size_t slot, uint64_t now_us);

/* A machine in a world of its own. */
typedef struct {
  void (*start)(workload_random_t *random, workload_digest_t *digest);
  void (*step)(uint32_t what, workload_random_t *random, workload_digest_t *digest);
  void (*know)(workload_digest_t *digest);
} workload_t;

/* Returns the digest of so many of the 64 things that may happen, 0 where a call was refused. */
uint64_t workload_run(const workload_t *workload, uint32_t seed, uint32_t steps);

/* Defines `drain`: polls the machine of `world` until nothing is left to do now, and hands on what
 * is to be sent and what happened. */
#define DEFINE_DRAIN(machine, output_type, sent, polls)                                            \
  static void drain(workload_random_t *random, workload_digest_t *digest) {                        \
    output_type output;                                                                            \
    int poll;                                                                                      \
    for (poll = 0; poll < (polls); poll++) {                                                       \
      output.action = SYSTOLE_ACTION_IDLE;                                                         \
      expect_ok(digest, systole_##machine##_poll(&world.machine, world.now_us, &output));          \
      switch (output.action) {                                                                     \
      case SYSTOLE_ACTION_SEND:                                                                    \
        send(&output.sent, random, digest);                                                        \
        break;                                                                                     \
      case SYSTOLE_ACTION_EVENT:                                                                   \
        note(&output.event, digest);                                                               \
        break;                                                                                     \
      case SYSTOLE_ACTION_WAIT:                                                                    \
        hash_64(digest, output.until_us);                                                          \
        world.until_us = output.until_us;                                                          \
        return;                                                                                    \
      default:                                                                                     \
        return;                                                                                    \
      }                                                                                            \
    }                                                                                              \
  }

#endif
