/* Values that the compiler does not know, as black_box in the images of tests/firmware. */
#ifndef OPAQUE_H
#define OPAQUE_H

#include <stdint.h>

static volatile uint64_t opaque_value;

static inline uint64_t opaque(uint64_t value) {
  opaque_value = value;
  return opaque_value;
}

#endif
