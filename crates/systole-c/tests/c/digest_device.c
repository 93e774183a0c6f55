/* Prints the digests on a microcontroller. */
#include "../../examples/cortex_m3/semihosting.h"
#include "digest.h"

int main(void) {
  print("heartbeat ");
  print_hex(heartbeat_digest(STEPS), 16);
  print("\nmonitor ");
  print_hex(monitor_digest(STEPS), 16);
  print("\nlease ");
  print_hex(lease_digest(STEPS), 16);
  print("\n");
  leave();
  return 0;
}
