/* The fluctuation rule with verdicts, and nothing else. */
#include "opaque.h"
#include "systole.h"

static systole_heartbeat_t heart;

int main(void) {
  systole_config_t config;
  systole_verdict_t verdict;
  uint64_t interval_us, timeout_us;
  (void)systole_config_every(&config, 5000000);
  if (systole_heartbeat_init(&heart, sizeof heart, &config, 0) != SYSTOLE_STATUS_OK) {
    return 1;
  }
  for (;;) {
    uint64_t rtt_us = opaque(40000);
    if (rtt_us > 0) {
      (void)systole_heartbeat_next_interval(&heart, rtt_us, &interval_us);
    } else {
      (void)systole_heartbeat_missed(&heart, &interval_us);
    }
    (void)systole_heartbeat_timeout(&heart, &timeout_us);
    (void)systole_heartbeat_verdict(&heart, &verdict);
    (void)opaque(interval_us + timeout_us + (verdict == SYSTOLE_VERDICT_DEAD));
  }
}
