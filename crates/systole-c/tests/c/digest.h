/* The workloads of tests/firmware, through the functions of C. */
#ifndef DIGEST_H
#define DIGEST_H

#include <stdint.h>

/* A million steps, as there, unless told otherwise. */
#ifndef STEPS
#define STEPS UINT32_C(1000000)
#endif

/* The digest of what a heartbeat answers; 0 where a call was refused. */
uint64_t heartbeat_digest(uint32_t steps);

/* The same of a monitor. */
uint64_t monitor_digest(uint32_t steps);

/* The same of a lease. */
uint64_t lease_digest(uint32_t steps);

#endif
