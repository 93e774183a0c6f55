/* What the workloads share: random numbers, FNV-1a, and configurations. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stdbool.h>
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

#endif
