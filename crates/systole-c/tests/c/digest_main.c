/* Prints the digests on a machine with an operating system: `digest [steps]`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "digest.h"

int main(int count, char **arguments) {
  uint32_t steps = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 10) : STEPS;
  printf("heartbeat %016" PRIx64 "\n", heartbeat_digest(steps));
  printf("monitor %016" PRIx64 "\n", monitor_digest(steps));
  printf("lease %016" PRIx64 "\n", lease_digest(steps));
  return 0;
}
