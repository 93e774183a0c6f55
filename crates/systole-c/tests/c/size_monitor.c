/* The monitor: probes, replies, events, deadlines. With PLANNER: the one with the planner. */
#include "opaque.h"
#include "systole.h"

#ifdef PLANNER
#define MONITOR(function) systole_planned_monitor_##function
static systole_planned_monitor_t monitor;
static systole_planned_config_t config;
#else
#define MONITOR(function) systole_monitor_##function
static systole_monitor_t monitor;
static systole_config_t config;
#endif

static void configure(void) {
#ifdef PLANNER
  (void)systole_planned_config(&config, 10000000);
  config.mistakes_at_most_one_per_us = UINT64_C(7) * 86400 * 1000000;
#else
  (void)systole_config_every(&config, 5000000);
#endif
  config.seed = opaque(7);
}

int main(void) {
  configure();
  if (MONITOR(init)(&monitor, sizeof monitor, &config, 0, 0) != SYSTOLE_STATUS_OK) {
    return 1;
  }
  for (;;) {
    systole_output_t output;
    systole_verdict_t verdict;
    uint64_t now_us = opaque(0);
    uint64_t reply;
    (void)MONITOR(poll)(&monitor, now_us, &output);
    (void)opaque(output.probe + output.until_us + output.event.number);
    reply = opaque(0);
    if (reply > 0) {
      (void)MONITOR(handle_reply)(&monitor, reply, now_us);
    }
    (void)MONITOR(verdict)(&monitor, &verdict);
    (void)opaque(verdict);
  }
}
